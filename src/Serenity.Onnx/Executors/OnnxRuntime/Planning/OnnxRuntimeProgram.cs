using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// A plan for ONNX Runtime as steps and buffers. A tensor that owns a buffer is live as long as that buffer is allocated, gaps between two
/// uses included; one that shares a buffer names the owner. What an If, Loop or Scan allocates within itself is there as
/// its scratch. So the owners live at a step add up to the profile's figure.
/// </summary>
internal static class OnnxRuntimeProgram
{
    public static ExecutionProgram Of(OrtGraph graph, AllocationPlan plan, ShapeTable shapes)
    {
        int last = Math.Max(0, plan.Order.Length - 1);
        int[] stepOf = new int[graph.NodeCount];
        for (int step = 0; step < plan.Order.Length; step++)
            stepOf[plan.Order[step]] = step;
        List<int>[] readers = new List<int>[graph.ValueCount];
        for (int value = 0; value < readers.Length; value++)
            readers[value] = [];
        foreach (int node in plan.Order)
        {
            foreach (int read in graph.Uses(node))
            {
                int value = BehindVeil(graph, read);
                if (readers[value].Count == 0 || readers[value][^1] != stepOf[node])
                    readers[value].Add(stepOf[node]);
            }
        }

        HashSet<string> inputs = new(graph.Graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        NodeProto[] nodes = Array.ConvertAll(plan.Order, graph.Node);
        ProgramBuilder program = new(Array.ConvertAll(nodes, node => node.Name), Array.ConvertAll(nodes, ScheduledValues.OperatorType));
        for (int value = 0; value < graph.ValueCount; value++)
        {
            string name = graph.Name(value);
            bool isInput = inputs.Contains(name), isOutput = graph.IsGraphOutput(value);
            int producer = graph.Producer(value);
            if (producer < 0 && (!isInput || graph.IsWeight(value)) && !(isOutput && graph.IsWeight(value)))
                continue;
            if (BehindVeil(graph, value) != value)
                continue;
            int first = producer < 0 ? 0 : stepOf[producer];
            int end = isOutput ? last : readers[value].Count > 0 ? readers[value][^1] : first;
            string? aliasOf = null;
            int buffer = plan.BufferOf[value];
            if (buffer >= 0)
            {
                PlannedBuffer held = plan.Buffers[buffer];
                if (held.Owner == value)
                    (first, end) = (held.FirstStep, held.LastStep);
                else
                    aliasOf = graph.Name(held.Owner);
            }
            if (isOutput && shapes.Shared.TryGetValue(name, out string? shared))
                aliasOf = shared;
            // A veil's own shape tensor is no value of the model; its buffer is real all the same.
            // An input that is an output as well stays the caller's: nothing is allocated for it.
            bool isCallers = producer < 0 && isInput && !graph.IsWeight(value) && buffer < 0;
            bool ours = shapes.Find(name) is null && !shapes.Opaque.Contains(name);
            long bytes = !ours ? shapes.Bytes(name) : buffer >= 0 ? plan.Buffers[buffer].Bytes : 0;
            program.AddValue(
                new ProgramBuffer(
                    0, ScheduledValues.Kind(isInput, isOutput && !isCallers), name, name, bytes, null, first, end, null, null, ScheduledValues.TypeText(shapes, name),
                    producer < 0 ? [] : [stepOf[producer]], readers[value]),
                aliasOf);
        }
        for (int step = 0; step < plan.Order.Length; step++)
        {
            if (plan.Inner[step] > 0)
                program.AddScratch(step, plan.Inner[step], null);
        }
        return program.Arrange(Enumerable.Range(0, graph.ValueCount).Select(graph.Name)).Build();
    }

    /// <summary>The value that a node reads; where it reads it through a veil, which is no step of the schedule, the value behind that.</summary>
    private static int BehindVeil(OrtGraph graph, int value)
    {
        while (graph.Producer(value) is >= 0 and int node && ShapeVeil.IsVeil(graph.Node(node)) && graph.Node(node).Kind() == OperatorKind.View)
            value = graph.Inputs(node)[0];
        return value;
    }
}
