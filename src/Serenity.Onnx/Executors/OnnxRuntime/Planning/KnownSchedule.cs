using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>A schedule found elsewhere, and a bound that holds for every schedule of the graph.</summary>
/// <param name="Order">Names of nodes in execution order; Constant nodes may be among them.</param>
/// <param name="LowerBoundBytes">The bound.</param>
internal sealed record KnownSchedule(IReadOnlyList<string> Order, long LowerBoundBytes)
{
    /// <summary>A schedule with a bound; null without one.</summary>
    public static KnownSchedule? Of(IReadOnlyList<string> order, long? lowerBoundBytes) =>
        lowerBoundBytes is { } bound ? new KnownSchedule(order, bound) : null;

    /// <summary>The schedule on a graph, if it meets its bound there: then it is proven, and nothing is left to search for; else null.</summary>
    public ScheduleResult? On(OrtGraph graph, MemoryGraph memory)
    {
        Dictionary<string, int> nodeOf = graph.NodesByName();
        int[] order = [.. Order.Where(nodeOf.ContainsKey).Select(name => nodeOf[name])];
        if (order.Length != graph.NodeCount || LiveProfile.Peak(memory, order) is var peak && peak != LowerBoundBytes)
            return null;
        return new ScheduleResult(order, peak, peak, 0, SearchStop.Proven);
    }
}
