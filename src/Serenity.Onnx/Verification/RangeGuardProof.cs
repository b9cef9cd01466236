using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Runs what refuses sizes outside a range, taken out of the model that is written: ONNX Runtime takes the smallest and the largest size, and refuses the one before and the one behind. Nothing but
/// shapes is looked at there, so it is run on tensors with few elements or none, whatever the rest of the model takes.
/// </summary>
internal static class RangeGuardProof
{
    /// <summary>A tensor whose axes all have a range has elements: it is not tried with more.</summary>
    private const long MostElements = 1 << 24;

    /// <summary>Holds a model to its ranges.</summary>
    /// <param name="model">The model as it is written.</param>
    /// <param name="source">The file that it was made from.</param>
    /// <param name="ranges">The ranges by name.</param>
    /// <param name="file">The file as the user named it, for messages.</param>
    /// <exception cref="SerenityException">SER1501: another size is taken or refused than those of the range.</exception>
    public static void Hold(ModelProto model, ModelProto source, IReadOnlyDictionary<string, SizeRange> ranges, string? file)
    {
        if (!RangeGuard.IsFor(model))
            return;
        IReadOnlyList<OpenDimension> open = new FreeDimensionTable(source, new Dictionary<string, long>(), null).Dimensions;
        foreach ((string name, SizeRange range) in ranges)
        {
            if (open.FirstOrDefault(d => d.Place == name || d.Name == name) is not { } dimension)
                continue;
            string stated = FormattableString.Invariant($"range_{name}_{range.From}_to_{range.To}");
            NodeProto guard = model.Graph.Node.FirstOrDefault(node => RangeGuard.Is(node) && node.Name.TrimEnd('_') == stated.TrimEnd('_'))
                ?? throw Differs(file, $"has no node that refuses sizes of '{name}' outside {range.From} to {range.To}");
            using ModelSession session = ModelSession.Load(RunnableModel.Of(Alone(model, guard), null, file));
            foreach (long size in (long[])[range.From - 1, range.From, range.To, range.To + 1])
            {
                if (size >= 0 && Takes(session, model.Graph, (input, axis) => SizeOf(input, axis, name, size)) is { } takes && takes != range.Contains(size))
                    throw Differs(file, $"{(takes ? "takes" : "refuses")} the size {size} of '{name}', whose range is {range.From} to {range.To}");
            }
        }

        // What has no range is empty, so that there is little to allocate however large a size is.
        long SizeOf(string input, int axis, string name, long size)
        {
            OpenDimension? at = open.FirstOrDefault(d => d.Input.Name == input && d.Axis == axis);
            return at is null ? 0 : at.Place == name || at.Name == name ? size : ranges.FirstOrDefault(r => at.Place == r.Key || at.Name == r.Key).Value?.From ?? 0;
        }
    }

    /// <summary>True if it runs with some sizes; null if that would take too much.</summary>
    private static bool? Takes(ModelSession session, GraphProto graph, Func<string, int, long> sizeOf)
    {
        List<KeyValuePair<string, RuntimeValue>> values = [];
        foreach (string name in session.Inputs.Keys)
        {
            long[] dims = [.. graph.Input.Single(i => i.Name == name).Type.TensorType.Shape.Dim.Select((_, axis) => sizeOf(name, axis))];
            if (!dims.Contains(0) && dims.Aggregate(1.0, (all, dim) => all * dim) > MostElements)
                return null;
            values.Add(new(name, new RuntimeValue.Tensor(TensorElementType.Float, dims, new byte[dims.Contains(0) ? 0 : dims.Aggregate(4L, (bytes, dim) => bytes * dim)])));
        }
        try
        {
            session.Run(values);
            return true;
        }
        catch (SerenityException refused) when (refused.Code == SerenityCodes.RuntimeRefuses)
        {
            return false;
        }
    }

    /// <summary>A model of what a node is computed from, with inputs of any sizes.</summary>
    private static ModelProto Alone(ModelProto model, NodeProto last)
    {
        Dictionary<string, NodeProto> makers = [];
        foreach (NodeProto node in model.Graph.Node)
        {
            foreach (string output in node.Output)
                makers[output] = node;
        }
        HashSet<string> needed = [];
        HashSet<NodeProto> nodes = new(ReferenceEqualityComparer.Instance) { last };
        Queue<NodeProto> open = new([last]);
        while (open.TryDequeue(out NodeProto? node))
        {
            foreach (string input in node.Input)
            {
                if (needed.Add(input) && makers.TryGetValue(input, out NodeProto? maker) && nodes.Add(maker))
                    open.Enqueue(maker);
            }
        }
        GraphProto graph = new() { Name = "range" };
        graph.Node.AddRange(model.Graph.Node.Where(nodes.Contains));
        graph.Initializer.AddRange(model.Graph.Initializer.Where(i => needed.Contains(i.Name)));
        graph.Output.Add(new ValueInfoProto { Name = last.Output[0] });
        foreach (ValueInfoProto input in model.Graph.Input.Where(i => needed.Contains(i.Name) && graph.Initializer.All(w => w.Name != i.Name)))
        {
            TensorShapeProto shape = new();
            shape.Dim.AddRange(input.Type.TensorType.Shape.Dim.Select(_ => new TensorShapeProto.Types.Dimension()));
            TypeProto.Types.Tensor type = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
            graph.Input.Add(new ValueInfoProto { Name = input.Name, Type = new TypeProto { TensorType = type } });
        }
        ModelProto alone = new() { IrVersion = model.IrVersion, Graph = graph };
        alone.OpsetImport.AddRange(model.OpsetImport);
        return alone;
    }

    private static SerenityException Differs(string? file, string what) => new(
        SerenityCodes.OutputsDiffer, file, $"The optimized model {what}. This is a fault of Serenity.Build: please report it with the model.");
}
