using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rolling;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.StaticArena;

/// <summary>Parts of a network row by row: found once for each order, whatever they are held against.</summary>
/// <param name="task">What is asked.</param>
/// <param name="keptWhole">Names of nodes that are not run row by row.</param>
/// <param name="exact">Only what rounds as the whole does.</param>
internal sealed class ArenaRows(ArenaTask task, IReadOnlySet<string> keptWhole, bool exact)
{
    private readonly Dictionary<(bool Rewritten, string Order), RowsPlan?> _known = [];

    /// <summary>The rows of least peak.</summary>
    /// <param name="model">The model, its accumulation groups settled; not changed.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">The order of its nodes, from which it follows what can be worked on together.</param>
    /// <param name="rewritten">True if it is another model than the source.</param>
    /// <returns>Null where rows lower no peak.</returns>
    public RowsPlan? Of(ModelProto model, ShapeTable shapes, NodeOrder order, bool rewritten)
    {
        // A name may have any sign but this one.
        (bool, string) key = (rewritten, string.Join('\0', order.Names));
        if (!_known.TryGetValue(key, out RowsPlan? plan))
            _known[key] = plan = Found(model, shapes, order);
        return plan;
    }

    private RowsPlan? Found(ModelProto model, ShapeTable shapes, NodeOrder order)
    {
        ArenaSharing sharing = new(task.GraphOf(model, shapes));
        if (ModelRolling.TryRoll(model, shapes, order.Names, task.Path!, sharing, keptWhole, exact, out bool isExact, task.Cancellation) is not { } rows)
            return null;
        StaticArenaGraph graph = task.GraphOf(rows.Model, rows.Shapes);
        long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
        RewriteCost cost = new(RewriteCandidate.Unchanged(rows.Model, rows.Shapes), profile.Max(), StepBound(graph), NodeOrder.OfFile(rows.Model.Graph), profile);
        return new RowsPlan(cost, rows, isExact, task);
    }

    /// <summary>No order needs less than its largest step reads and makes.</summary>
    private static long StepBound(StaticArenaGraph graph)
    {
        long bound = 0;
        for (int op = 0; op < graph.Graph.OperatorCount; op++)
        {
            HashSet<int> tensors = [.. graph.Graph.Inputs(op).ToArray(), .. graph.Graph.Outputs(op).ToArray()];
            tensors.ExceptWith(graph.Graph.InPlaceInputs(op).ToArray());
            bound = Math.Max(bound, tensors.Sum(t => graph.Graph.Bytes(t)) + graph.Graph.Scratch(op));
        }
        return bound;
    }
}
