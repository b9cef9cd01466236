using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Testing.Runs;

/// <summary>The schedule that a run was seen to follow, in the terms of the manifest.</summary>
public static class ExecutedSchedule
{
    /// <summary>Names of the nodes of the main graph as they were executed; nodes that were added to hold the order or hide shapes left out.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">The model that ran.</param>
    public static IReadOnlyList<string> Of(Observation run, ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(model);
        HashSet<string> own = new(model.Graph.Node.Select(node => node.Name), StringComparer.Ordinal);
        own.RemoveWhere(name => name.StartsWith("serenity_anchor_", StringComparison.Ordinal));
        return [.. run.ExecutedOrder.Where(own.Contains)];
    }
}
