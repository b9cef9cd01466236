using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Pipeline;

/// <summary>Graph inputs that an arena has no place for (<c>InputsApart</c>), and other names and views of them, as rows of its program: the app has them in memory of its own.</summary>
internal static class CallersInputs
{
    /// <summary>The program with these rows behind its own; itself where there are none.</summary>
    /// <param name="program">A program of buffers in an arena.</param>
    /// <param name="graph">The graph that it runs.</param>
    /// <param name="shapes">Types of its values.</param>
    public static ExecutionProgram Listed(ExecutionProgram program, GraphProto graph, ShapeTable shapes)
    {
        HashSet<string> placed = new(program.Listed().Where(b => b.Kind != BufferKind.Scratch).Select(b => b.Owner), StringComparer.Ordinal);
        HashSet<string> weights = new(graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values.Name)), StringComparer.Ordinal);
        string[] inputs = [.. graph.Input.Select(i => i.Name).Where(name => !placed.Contains(name) && !weights.Contains(name) && shapes.Find(name) is not null)];
        if (inputs.Length == 0)
            return program;
        Dictionary<string, NodeProto> nodes = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
            nodes.TryAdd(node.Name, node);
        // What reads and makes what, by the step at which it runs.
        NodeProto[] steps = [.. program.Steps.Select(step => nodes.GetValueOrDefault(step.Node) ?? new NodeProto())];
        Dictionary<string, List<int>> readers = new(StringComparer.Ordinal);
        for (int step = 0; step < steps.Length; step++)
        {
            foreach (string read in steps[step].Input.Concat(SubgraphCaptures.Of(steps[step])).Distinct(StringComparer.Ordinal))
            {
                if (!readers.TryGetValue(read, out List<int>? at))
                    readers.Add(read, at = []);
                at.Add(step);
            }
        }
        List<TensorFacts> rows = [.. inputs.Select(name => Row(name, 0, TensorRole.Input, null, []))];
        HashSet<string> apart = new(inputs, StringComparer.Ordinal);
        for (int step = 0; step < steps.Length; step++)
        {
            // What a node makes and has no place is where the node's input is.
            string? of = steps[step].Input.FirstOrDefault(apart.Contains);
            foreach (string made in steps[step].Output.Where(output => of is not null && output.Length > 0 && !placed.Contains(output) && shapes.Find(output) is not null))
            {
                rows.Add(Row(made, step, TensorRole.Activation, of, [step]));
                apart.Add(made);
            }
        }
        return ExecutionProgram.Of(program.NodeNames(), program.OperatorTypes(), [.. program.Tensors(), .. rows]);

        TensorFacts Row(string name, int first, TensorRole role, string? of, IReadOnlyList<int> writers)
        {
            List<int> read = readers.GetValueOrDefault(name) ?? [];
            int last = read.Count == 0 ? first : Math.Max(first, read[^1]);
            return new TensorFacts(name, shapes.Bytes(name), null, first, last, role, of, null, ScheduledValues.TypeText(shapes, name), writers, read) { Apart = true };
        }
    }
}
