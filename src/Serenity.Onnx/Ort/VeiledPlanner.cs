using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Ort;

/// <summary>
/// Draws a <see cref="ShapeVeil"/> for one order and asks ONNX Runtime what it then plans with, so that the cost stays exact whatever it
/// can still infer.
/// </summary>
internal static class VeiledPlanner
{
    private const int Rounds = 4;

    /// <summary>Draws the veil for an order.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="graph">The index of its graph.</param>
    /// <param name="shapes">True shapes.</param>
    /// <param name="order">The order, as nodes of <paramref name="graph"/>.</param>
    /// <returns>The veiled model, the order in it, and what ONNX Runtime allocates; null where no veil can be drawn.</returns>
    public static VeiledPlan? TryPlan(ModelProto model, OrtGraph graph, ShapeTable shapes, int[] order)
    {
        long opset = model.OpsetImport.FirstOrDefault(import => OperatorDomain.IsOnnx(import.Domain))?.Version ?? 0;
        if (opset < 5)
            return null;
        HashSet<string> constants = new(StringComparer.Ordinal);
        VeiledPlan? best = null;
        for (int round = 0; round < Rounds; round++)
        {
            VeiledGraph veiled = ShapeVeil.Draw(graph.Graph, shapes, constants);
            OrtGraph index = new(veiled.Graph);
            int[] veiledOrder = new int[order.Length + veiled.Nodes];
            for (int i = 0; i < veiledOrder.Length; i++)
                veiledOrder[i] = i < veiled.Nodes ? i : order[i - veiled.Nodes] + veiled.Nodes;
            AllocationPlan wanted = new AllocationSimulator(new AllocationModel(index, veiled.Shapes), reusesFreed: false).Plan(veiledOrder);
            ShapeVeil.StateSymbols(veiled.Graph, index, veiled.Shapes, wanted);
            ModelProto candidate = new(model) { Graph = veiled.Graph };
            if (PlannedShapesReader.TryRead(candidate, veiled.Shapes) is not { } planned)
                return best;
            AllocationPlan plan = new AllocationSimulator(new AllocationModel(index, veiled.Shapes, null, planned)).Plan(veiledOrder);
            if (best is null || plan.Peak < best.Plan.Peak)
                best = new VeiledPlan(candidate, index, veiled.Shapes, veiledOrder, plan, veiled.Nodes);
            if (plan.Peak <= wanted.Peak)
                return best;
            int before = constants.Count;
            constants.UnionWith(ShapeVeil.GiveAways(index, veiled.Shapes, planned));
            if (constants.Count == before)
                return best;
        }
        return best;
    }
}

/// <summary>A veiled model and its cost in one order.</summary>
/// <param name="Model">The veiled model, not pinned yet.</param>
/// <param name="Graph">The index of its graph.</param>
/// <param name="Shapes">True shapes of its values.</param>
/// <param name="Order">The order, the veil's nodes first.</param>
/// <param name="Plan">What ONNX Runtime allocates.</param>
/// <param name="Nodes">How many nodes the veil added.</param>
internal sealed record VeiledPlan(ModelProto Model, OrtGraph Graph, ShapeTable Shapes, int[] Order, AllocationPlan Plan, int Nodes);
