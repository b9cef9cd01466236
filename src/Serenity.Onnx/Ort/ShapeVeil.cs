using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Ort;

/// <summary>A graph whose shapes ONNX Runtime cannot compare when it plans.</summary>
/// <param name="Graph">The source graph with the veil's nodes in front; the source's nodes follow in their own order.</param>
/// <param name="Nodes">How many nodes the veil added.</param>
/// <param name="Shapes">True shapes of all values, the veil's own included.</param>
public sealed record VeiledGraph(GraphProto Graph, int Nodes, ShapeTable Shapes);

/// <summary>
/// Keeps ONNX Runtime from holding a buffer for a later value of the same shape. It does so only where it knows before the run that two
/// shapes agree, and there is no option against it; the price is up to 1.7 times the memory that the tensors need.
/// </summary>
/// <remarks>
/// A veil is a Reshape of a graph input to its own shape, of which the shape tensor comes out of a node. It costs no bytes (it
/// shares the caller's buffer), but behind it nothing is known of the input's shape. What ONNX Runtime then knows of a value is what the
/// file states, and the file states symbols: the same for values that are to share a buffer in place, different for all others. Where a
/// constant shape would give a shape away again, it is led through an Identity too, which shares the constant's memory. Every value
/// computed stays bit for bit what it was.
/// </remarks>
internal static class ShapeVeil
{
    /// <summary>The name of each veil node and value begins so; they count as anchors.</summary>
    private const string Prefix = AnchorOperator.NamePrefix + "shape_";

    /// <summary>Operators of which a constant integer input settles the output's shape, and nothing but the shape.</summary>
    private static readonly HashSet<string> s_shapedByConstants = new(StringComparer.Ordinal)
    {
        "Reshape", "Expand", "ConstantOfShape", "Tile", "Slice", "Pad", "Split", "Resize", "Upsample", "Range", "TopK", "OneHot",
    };

    /// <summary>Draws the veil over a graph.</summary>
    /// <param name="graph">The graph; not changed.</param>
    /// <param name="shapes">True shapes of all its values.</param>
    /// <param name="constants">Names of integer initializers or constants to lead through an Identity.</param>
    public static VeiledGraph Draw(GraphProto graph, ShapeTable shapes, IReadOnlySet<string> constants)
    {
        GraphProto veiled = graph.Clone();
        List<NodeProto> added = [];
        Dictionary<string, string> renamed = new(StringComparer.Ordinal);
        Dictionary<string, TensorType> types = new(shapes.Types, StringComparer.Ordinal);
        Dictionary<int, string> keepShape = [];
        HashSet<string> weights = new(graph.Initializer.Select(tensor => tensor.Name), StringComparer.Ordinal);

        string Add(string op, string source, TensorType type, params string[] more)
        {
            string name = $"{Prefix}{added.Count}";
            NodeProto node = new() { Name = name, OpType = op };
            node.Input.Add(source);
            node.Input.AddRange(more);
            node.Output.Add(name);
            added.Add(node);
            types[name] = type;
            return name;
        }

        foreach (ValueInfoProto input in graph.Input)
        {
            if (weights.Contains(input.Name) || shapes.Find(input.Name) is not { } type || type.Dims.Length == 0 || type.ElementCount == 0)
                continue;
            int rank = type.Dims.Length;
            if (!keepShape.TryGetValue(rank, out string? keep))
            {
                // A zero in a Reshape's shape means: as the input. So the veil also fits other sizes of open dimensions.
                TensorType shapeType = new(DataType.Int64, [rank]);
                string constant = $"{Prefix}rank_{rank}";
                TensorProto zeros = new() { Name = constant, DataType = (int)DataType.Int64, RawData = ByteString.CopyFrom(new byte[8 * rank]) };
                zeros.Dims.Add(rank);
                veiled.Initializer.Add(zeros);
                types[constant] = shapeType;
                keepShape.Add(rank, keep = Add("Identity", constant, shapeType));
            }
            renamed.Add(input.Name, Add("Reshape", input.Name, type, keep));
        }
        foreach (string constant in constants.Order(StringComparer.Ordinal))
        {
            if (shapes.Find(constant) is { } type)
                renamed.TryAdd(constant, Add("Identity", constant, type));
        }

        foreach (NodeProto node in veiled.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                if (renamed.TryGetValue(node.Input[i], out string? name) && (!constants.Contains(node.Input[i]) || IsShaped(node, i)))
                    node.Input[i] = name;
            }
        }
        NodeProto[] nodes = [.. veiled.Node];
        veiled.Node.Clear();
        veiled.Node.AddRange(nodes.Where(OrtGraph.IsConstant));
        veiled.Node.AddRange(added);
        veiled.Node.AddRange(nodes.Where(node => !OrtGraph.IsConstant(node)));
        return new VeiledGraph(veiled, added.Count, new ShapeTable(types, shapes.Opaque));
    }

    /// <summary>States a symbol per buffer as the shape of every value in it.</summary>
    /// <param name="graph">The veiled graph; changed.</param>
    /// <param name="index">Its index.</param>
    /// <param name="shapes">True shapes.</param>
    /// <param name="plan">What is to share a buffer.</param>
    public static void StateSymbols(GraphProto graph, OrtGraph index, ShapeTable shapes, AllocationPlan plan)
    {
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in graph.ValueInfo)
            stated.TryAdd(value.Name, value);
        for (int value = 0; value < index.ValueCount; value++)
        {
            string name = index.Name(value);
            if (index.Producer(value) < 0 || index.IsGraphOutput(value) || shapes.Find(name) is not { } type)
                continue;
            if (!stated.TryGetValue(name, out ValueInfoProto? info))
                graph.ValueInfo.Add(info = new ValueInfoProto { Name = name });
            info.Type = new TypeProto { TensorType = new() { ElemType = (int)type.ElementType, Shape = new TensorShapeProto() } };
            int buffer = plan.BufferOf[value];
            for (int d = 0; d < type.Dims.Length; d++)
            {
                string symbol = buffer >= 0 ? $"serenity_{buffer}_{d}" : $"serenity_v{value}_{d}";
                info.Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = symbol });
            }
        }
    }

    /// <summary>Integer constants that give away the shapes of values which are still known in full.</summary>
    public static HashSet<string> GiveAways(OrtGraph index, ShapeTable shapes, PlannedShapes planned)
    {
        HashSet<string> constants = new(StringComparer.Ordinal);
        for (int node = 0; node < index.NodeCount; node++)
        {
            foreach (int value in index.Outputs(node))
            {
                if (value < 0 || planned.Find(index.Name(value)) is not { Length: > 0 } dims || dims.Any(dim => dim < 0))
                    continue;
                ReadOnlySpan<int> inputs = index.Inputs(node);
                for (int i = 0; i < inputs.Length; i++)
                {
                    if (inputs[i] >= 0 && index.IsWeight(inputs[i]) && IsShaped(index.Node(node), i) && shapes.Find(index.Name(inputs[i])) is not null)
                        constants.Add(index.Name(inputs[i]));
                }
            }
        }
        return constants;
    }

    private static bool IsShaped(NodeProto node, int input) =>
        OperatorDomain.IsOnnx(node.Domain) && s_shapedByConstants.Contains(node.OpType) && (input > 0 || node.OpType is "ConstantOfShape" or "Range");
}
