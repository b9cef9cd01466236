using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>A graph in which some shapes are hidden from ONNX Runtime's planner.</summary>
/// <param name="Graph">The source graph with the veil's nodes, all shapes stated, symbols for the hidden ones.</param>
/// <param name="Index">Its index.</param>
/// <param name="Order">The order, the veil's nodes in their places.</param>
/// <param name="Shapes">True shapes of all values, the veil's own included.</param>
/// <param name="Nodes">How many nodes the veil added.</param>
/// <param name="SourceOf">For each node the node of the source graph that it is; -1 for the veil's own.</param>
internal sealed record VeiledGraph(GraphProto Graph, OrtGraph Index, int[] Order, ShapeTable Shapes, int Nodes, int[] SourceOf)
{
    /// <summary>An order of this graph's nodes as one of the source's, which has no veil.</summary>
    public int[] OnSource(int[] order) => [.. order.Select(node => SourceOf[node]).Where(node => node >= 0)];
}

/// <summary>
/// Hides the shapes of chosen buffers from ONNX Runtime's planner, so that it cannot hold an older buffer for them.
/// </summary>
/// <remarks>
/// ONNX Runtime gives a value the place of a freed buffer only where it knows before the run that both shapes agree, and holds that buffer
/// through the gap. There is no option against it. What it knows is what it infers, and what the file states where it cannot
/// infer. So the node that fills a hidden buffer reads its first input through a veil: a Reshape to the input's own shape, of which the
/// shape tensor comes out of a node. That costs no bytes, since both share their input's memory, but nothing can be inferred behind
/// it. For the hidden value, and what is computed from it in place, the file states symbols of their own; for all others the true shape.
/// Every value computed stays bit for bit what it was.
/// </remarks>
internal static class ShapeVeil
{
    private const string Prefix = AnchorNode.NamePrefix + "shape_";

    /// <summary>True for a node that hides a shape.</summary>
    public static bool IsVeil(NodeProto node) => node.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Draws the veil.</summary>
    /// <param name="source">The graph; not changed.</param>
    /// <param name="shapes">True shapes of all its values.</param>
    /// <param name="order">The order, as nodes of <paramref name="source"/>.</param>
    /// <param name="drawing">Where.</param>
    public static VeiledGraph Draw(OrtGraph source, ShapeTable shapes, ReadOnlySpan<int> order, VeilDrawing drawing)
    {
        int[] hidden = drawing.Hidden;
        GraphProto graph = source.Graph.Clone();
        NodeProto[] nodes = [.. graph.Node];
        Dictionary<string, TensorType> types = new(shapes.Types, StringComparer.Ordinal);
        List<string?> ownShape = [];
        List<NodeProto> front = [];
        Dictionary<string, string> shared = new(StringComparer.Ordinal);
        Dictionary<TensorProto, string> computed = [];
        HashSet<string> moved = new(StringComparer.Ordinal);
        Dictionary<string, TensorProto> initializers = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            initializers[tensor.Name] = tensor;
        List<NodeProto>[] veils = new List<NodeProto>[source.NodeCount];
        int count = 0;

        // The shape tensor of a veil: a zero means "as in the input". It comes out of a node, so nothing can be inferred from it.
        string OwnShape(int rank)
        {
            while (ownShape.Count <= rank)
                ownShape.Add(null);
            if (ownShape[rank] is { } known)
                return known;
            string name = $"{Prefix}own_{rank}";
            ownShape[rank] = name;
            TensorProto zeros = new() { Name = name + "_zeros", DataType = (int)DataType.Int64, RawData = ByteString.CopyFrom(new byte[8 * rank]) };
            zeros.Dims.Add(rank);
            graph.Initializer.Add(zeros);
            types[name] = types[zeros.Name] = new TensorType(DataType.Int64, [rank]);
            front.Add(NodeForms.Identity(name, zeros.Name, name));
            return name;
        }

        // A constant that comes out of a node, once for all who read one like it.
        string Computed(string constant)
        {
            TensorProto tensor = initializers[constant];
            TensorProto content = tensor.Clone();
            content.Name = content.DocString = "";
            moved.Add(constant);
            if (!computed.TryGetValue(content, out string? name))
            {
                name = $"{Prefix}of_{computed.Count}";
                types[name] = new TensorType((DataType)tensor.DataType, [.. tensor.Dims]);
                front.Add(NodeForms.Identity(name, constant, name));
                computed.Add(content, name);
            }
            return name;
        }

        string Constant(long[] dims)
        {
            TensorProto tensor = new() { Name = $"{Prefix}dims_{count}", DataType = (int)DataType.Int64 };
            tensor.Dims.Add(dims.Length);
            tensor.Int64Data.AddRange(dims);
            graph.Initializer.Add(tensor);
            types[tensor.Name] = new TensorType(DataType.Int64, [dims.Length]);
            return tensor.Name;
        }

        string Reshape(List<NodeProto> veils, string value, TensorType type, string shape)
        {
            NodeProto veil = new() { Name = $"{Prefix}{count++}", OpType = "Reshape" };
            veil.Input.Add(value);
            veil.Input.Add(shape);
            veil.Output.Add(veil.Name);
            types[veil.Name] = type;
            veils.Add(veil);
            return veil.Name;
        }

        // What is there from the start is read through one veil by all.
        string Veiled(int node, string value, int id, TensorType type)
        {
            string shape = OwnShape(type.Dims.Length);
            if (source.Producer(id) >= 0)
                return Reshape(veils[node], value, type, shape);
            if (!shared.TryGetValue(value, out string? veiled))
                shared.Add(value, veiled = Reshape(front, value, type, shape));
            return veiled;
        }

        for (int node = 0; node < source.NodeCount; node++)
        {
            veils[node] = [];
            NodeProto reader = nodes[source.FilePosition(node)];
            if (ReadsShapeOf(source, node, hidden) is { } known && shapes.IsExact(known))
            {
                reader.Input[0] = Reshape(veils[node], reader.Input[0], types[known], Constant(types[known].Dims));
                continue;
            }
            for (int i = 0; i < reader.Input.Count; i++)
            {
                if (drawing.Computed.Contains((node, i)))
                    reader.Input[i] = Computed(reader.Input[i]);
                else if (drawing.Inputs.Contains((node, i)) && types.GetValueOrDefault(reader.Input[i]) is { Dims.Length: > 0 } type && type.ElementCount > 0)
                    reader.Input[i] = Veiled(node, reader.Input[i], source.Inputs(node)[i], type);
            }
        }
        (int[] veiledOrder, int[] sourceOf) = Write(graph, nodes, source, order, veils, front);
        // Equal constants come out of one Identity now.
        UnreadConstants.Drop(graph, moved);
        StateShapes(graph, source, shapes, drawing);
        ShapeTable table = shapes with { Types = types };
        return new VeiledGraph(graph, new OrtGraph(graph), veiledOrder, table, count + front.Count - shared.Count, sourceOf);
    }

    /// <summary>Where a veil of Reshapes alone is drawn.</summary>
    /// <param name="source">The graph.</param>
    /// <param name="shapes">True shapes of all its values.</param>
    /// <param name="hidden">The symbol of each hidden value by value index; 0 for those whose shape is stated.</param>
    /// <param name="owners">The values to hide that are the first in their buffer: their nodes read through the veil.</param>
    /// <param name="allInputs">Veil every input of those nodes, not just the first; but none that is worked on in place.</param>
    public static VeilDrawing BeforeEach(OrtGraph source, ShapeTable shapes, int[] hidden, IReadOnlySet<int> owners, bool allInputs)
    {
        HashSet<(int Node, int Input)> inputs = [];
        for (int node = 0; node < source.NodeCount; node++)
        {
            bool any = false;
            for (int i = 0; Veils(source, node, owners, hidden) && i < source.Inputs(node).Length && (allInputs || !any); i++)
            {
                if (source.Inputs(node)[i] is >= 0 and int value && shapes.Find(source.Name(value)) is { Dims.Length: > 0 } type && type.ElementCount > 0 && !Overwrites(source, node, i, hidden))
                    any = inputs.Add((node, i));
            }
        }
        return new VeilDrawing(hidden, inputs);
    }

    /// <summary>
    /// The hidden value whose shape a node computes with, or null. Such a node reads it with its true shape: where ONNX Runtime computes
    /// with dimensions it only half knows, it refuses models that are right.
    /// </summary>
    private static string? ReadsShapeOf(OrtGraph source, int node, int[] hidden)
    {
        NodeProto reader = source.Node(node);
        if (reader.Kind() != OperatorKind.ShapeOf)
            return null;
        int value = source.Inputs(node)[0];
        return value >= 0 && hidden[value] != 0 ? source.Name(value) : null;
    }

    /// <summary>
    /// True if a node reads through the veil: it fills a hidden buffer, or works in place on an input whose shape says nothing of the
    /// output's, as a convolution does that adds to a sum; it has the output's shape from its first input.
    /// </summary>
    private static bool Veils(OrtGraph source, int node, IReadOnlySet<int> owners, int[] hidden)
    {
        foreach (int value in source.Outputs(node))
        {
            if (value >= 0 && owners.Contains(value))
                return true;
        }
        for (int i = 1; i < source.Inputs(node).Length; i++)
        {
            if (Overwrites(source, node, i, hidden))
                return true;
        }
        return false;
    }

    /// <summary>True if a node computes a hidden value in place on one of its inputs, hidden under the same symbol.</summary>
    private static bool Overwrites(OrtGraph source, int node, int input, int[] hidden)
    {
        int value = source.Inputs(node)[input];
        foreach (BufferShare share in KernelRules.Find(source.Node(node)).InPlace)
        {
            if (share.Input == input && value >= 0 && hidden[value] != 0 && share.Output < source.Outputs(node).Length &&
                source.Outputs(node)[share.Output] is >= 0 and int output && hidden[output] == hidden[value])
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Constants, then what reads no node of the graph, then each node behind its veils; returns the order in the new indices, and which node each was.</summary>
    /// <remarks>What reads no node of the graph runs right before who reads it first: elsewhere it would have to be held.</remarks>
    private static (int[] Order, int[] SourceOf) Write(
        GraphProto graph, NodeProto[] nodes, OrtGraph source, ReadOnlySpan<int> order, List<NodeProto>[] veils, List<NodeProto> front)
    {
        graph.Node.Clear();
        graph.Node.AddRange(nodes.Where(ConstantNode.Is));
        graph.Node.AddRange(front);
        Dictionary<string, int> open = new(StringComparer.Ordinal);
        foreach (NodeProto node in front)
            open.Add(node.Output[0], open.Count);
        int[] first = new int[source.NodeCount];
        List<int> sourceOf = [.. front.Select(_ => -1)], veiledOrder = [];
        for (int node = 0; node < source.NodeCount; node++)
        {
            first[node] = sourceOf.Count;
            graph.Node.AddRange(veils[node]);
            graph.Node.Add(nodes[source.FilePosition(node)]);
            sourceOf.AddRange([.. veils[node].Select(_ => -1), node]);
        }
        foreach (int node in order)
        {
            for (int i = 0; i <= veils[node].Count; i++)
                AddBehind(i < veils[node].Count ? veils[node][i] : nodes[source.FilePosition(node)], first[node] + i);
        }
        return ([.. veiledOrder], [.. sourceOf]);

        void AddBehind(NodeProto node, int index)
        {
            foreach (string input in node.Input)
            {
                if (open.Remove(input, out int at))
                    AddBehind(front[at], at);
            }
            veiledOrder.Add(index);
        }
    }

    private static void StateShapes(GraphProto graph, OrtGraph source, ShapeTable shapes, VeilDrawing drawing)
    {
        int[] hidden = drawing.Hidden;
        ShapeRecord.Write(graph, shapes);
        Dictionary<string, int> symbols = new(StringComparer.Ordinal);
        for (int value = 0; value < hidden.Length; value++)
        {
            if (hidden[value] != 0)
                symbols.Add(source.Name(value), hidden[value]);
        }
        foreach (ValueInfoProto stated in graph.ValueInfo)
        {
            if (!symbols.TryGetValue(stated.Name, out int symbol))
                continue;
            bool[]? known = drawing.Stated.GetValueOrDefault(symbol);
            int d = 0;
            foreach (TensorShapeProto.Types.Dimension dim in stated.Type.TensorType.Shape.Dim)
            {
                if (known?[d] != true)
                    dim.DimParam = $"serenity_{symbol}_{d}";
                d++;
            }
        }
    }
}
