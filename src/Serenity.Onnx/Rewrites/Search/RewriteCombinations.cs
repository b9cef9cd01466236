using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>Which kinds of rewrites are tried together, by what they say of themselves: some help each other, and some stand in each other's way.</summary>
internal static class RewriteCombinations
{
    /// <summary>
    /// First all that are free. Then, for each subject in which something may hinder others: all but that; that exchanged for what repeats work there; and where a subject has
    /// several, all but the one that leaves nothing to the rest, and the subject alone.
    /// </summary>
    /// <param name="rewrites">All rewrites, in the order in which they are carried out.</param>
    public static IEnumerable<KindChoice> Of(IReadOnlyList<RewriteDescription> rewrites)
    {
        RewriteDescription[] free = [.. rewrites.Where(r => !r.HasParameter && !r.RepeatsWork)];
        yield return All(free);
        foreach (RewriteSubject subject in free.Where(r => r.MayHinder).Select(r => r.Subject).Distinct())
        {
            RewriteDescription[] without = [.. free.Where(r => r.Subject != subject || !r.MayHinder)];
            RewriteDescription[] instead = [.. rewrites.Where(r => r.Subject == subject && r.RepeatsWork && !r.HasParameter)];
            yield return All(without);
            if (instead.Length > 0)
                yield return All([.. without, .. instead]);
            RewriteDescription[] own = [.. free.Where(r => r.Subject == subject)];
            if (own.Length == 1)
                continue;
            if (own.Any(r => r.TakesAll))
                yield return All([.. free.Where(r => r.Subject != subject || !r.TakesAll)]);
            yield return All(own);
        }
    }

    private static KindChoice All(RewriteDescription[] rewrites) => new(rewrites.Select(r => r.Kind).ToHashSet(StringComparer.Ordinal).Contains);
}
