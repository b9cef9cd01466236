using Serenity.Onnx.Schema;

namespace Serenity.Testing.Runs;

/// <summary>The schedule that a run was seen to follow, in the terms of the manifest.</summary>
public static class ExecutedSchedule
{
    /// <summary>Names of the nodes of the main graph as they were executed; nodes that were added to hold the order or hide shapes left out.</summary>
    /// <param name="executed">Names of the nodes that a run executed, in their order.</param>
    /// <param name="model">The model that ran.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> executed, ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(executed);
        ArgumentNullException.ThrowIfNull(model);
        HashSet<string> own = new(model.Graph.Node.Select(node => node.Name), StringComparer.Ordinal);
        own.RemoveWhere(name => name.StartsWith("serenity_anchor_", StringComparison.Ordinal));
        return [.. executed.Where(own.Contains)];
    }
}
