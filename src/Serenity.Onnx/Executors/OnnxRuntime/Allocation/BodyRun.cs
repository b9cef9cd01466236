using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// The allocations of one execution of a subgraph, planned by the same rules as a main graph's: its inputs and what it captures belong
/// to others, as a main graph's inputs do.
/// </summary>
internal sealed class BodyRun
{
    private readonly AllocationModel _model;
    private readonly AllocationPlan _plan;

    private BodyRun(GraphProto body, AllocationModel model, AllocationPlan plan) => (Body, _model, _plan) = (body, model, plan);

    /// <summary>The subgraph.</summary>
    public GraphProto Body { get; }

    /// <summary>Plans a subgraph.</summary>
    /// <param name="key">Where it stands.</param>
    /// <param name="body">The subgraph.</param>
    /// <param name="scope">What it sees.</param>
    /// <returns>The run; null if a size in it, or in a subgraph of it, is not known, or a node in it is a call of a function.</returns>
    public static BodyRun? TryPlan(SubgraphKey key, GraphProto body, BodyScope scope)
    {
        if (!scope.Shapes.Bodies.TryGetValue(key, out ShapeTable? shapes))
            return null;
        // A function of the model's own: ONNX Runtime inlines it here only as it loads the model, and what it makes within is not seen before.
        if (body.Node.Any(node => !OperatorDomain.HasKernels(node.Domain)))
            return null;
        OrtGraph graph = new(body);
        for (int value = 0; value < graph.ValueCount; value++)
        {
            // Elements of sequences are not planned.
            if (graph.Producer(value) >= 0 && shapes.Find(graph.Name(value)) is null)
                return null;
        }
        AllocationModel model = new(graph, shapes, scope.Planned?.Bodies.GetValueOrDefault(key), scope);
        if (model.Unplanned.Count > 0)
            return null;
        return new BodyRun(body, model, new AllocationSimulator(model).Plan(ExecutionOrder.Of(graph)));
    }

    /// <summary>Bytes during each step, on the most expensive way through nested control flow; one figure where it has no nodes.</summary>
    public long[] Most => _plan.Profile.Length > 0 ? _plan.Profile : [_plan.BytesFromTheStart];

    /// <summary>The same on the cheapest way.</summary>
    public long[] Least => _plan.Profile.Length > 0 ? _plan.LeastProfile : [_plan.BytesFromTheStart];

    /// <summary>The same if every liberty is granted that a plan may take: what is live.</summary>
    public long[] Live()
    {
        long[] live = LiveProfile.Compute(OnnxRuntimeGraph.Build(_model).Memory, _plan.Order);
        return live.Length > 0 ? live : [_plan.BytesFromTheStart];
    }

    /// <summary>Bytes of an output's own buffer.</summary>
    public long OutputBytes(int output) => _model.Bytes(_model.Graph.Find(Body.Output[output].Name));

    /// <summary>The step at which an output is allocated; -1 for one that no node makes.</summary>
    public int OutputStep(int output)
    {
        int producer = _model.Graph.Producer(_model.Graph.Find(Body.Output[output].Name));
        return producer < 0 ? -1 : Array.IndexOf(_plan.Order, producer);
    }

    /// <summary>True if ONNX Runtime knows the shape of an output before the run.</summary>
    public bool KnowsOutput(int output)
    {
        int value = _model.Graph.Find(Body.Output[output].Name);
        return _model.Graph.Producer(value) < 0 || _model.HasKnownSize(value);
    }
}
