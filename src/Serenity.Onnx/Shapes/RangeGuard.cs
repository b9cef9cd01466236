using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Has ONNX Runtime refuse a size outside its range, for which no figure holds. ONNX can state one size of a dimension or leave it open, and no range; so a few nodes of some bytes look at
/// the size: what it is away from its range, squared, is an index into a list of one element, and fails unless it is 0. The node that fails names dimension and range.
/// </summary>
internal static partial class RangeGuard
{
    /// <summary>From where on Clip takes whole numbers.</summary>
    private const long FirstOpset = 12;

    /// <summary>From where on Shape gives a part.</summary>
    private const long PartOfShape = 15;

    /// <summary>Adds a guard for each range. Changes the model; leaves one alone that is too old.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ranges">Ranges by name, of dimensions that it has.</param>
    public static void Add(ModelProto model, IReadOnlyDictionary<string, SizeRange> ranges)
    {
        long opset = OperatorDomain.OpsetOf(model);
        if (!IsFor(model))
            return;
        IReadOnlyList<OpenDimension> open = new FreeDimensionTable(model, new Dictionary<string, long>(), null).Dimensions;
        HashSet<string> names = new(ValueNames.DefinedIn(model.Graph), StringComparer.Ordinal);
        foreach ((string name, SizeRange range) in ranges.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            if (open.FirstOrDefault(d => d.Place == name || d.Name == name) is { } dimension)
                Add(model.Graph, dimension, name, range, opset, names);
        }
        UniqueNames.Assign(model);
    }

    /// <summary>False for a model that is too old.</summary>
    public static bool IsFor(ModelProto model) => OperatorDomain.OpsetOf(model) >= FirstOpset && model.IrVersion >= 4;

    /// <summary>True for the last node of a guard, which fails at a size outside of its range and whose result nobody reads.</summary>
    public static bool Is(NodeProto node) => node.Kind() == OperatorKind.Movement && GuardName().IsMatch(node.Name);

    [GeneratedRegex("^range_.*_[0-9]+_to_[0-9]+_*$", RegexOptions.Singleline)]
    private static partial Regex GuardName();

    private static void Add(GraphProto graph, OpenDimension dimension, string name, SizeRange range, long opset, HashSet<string> names)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"range_{name}_{range.From}_to_{range.To}");
        string size;
        if (opset >= PartOfShape)
        {
            size = Node("Shape", "size", dimension.Input.Name);
            graph.Node[^1].Set("start", dimension.Axis);
            graph.Node[^1].Set("end", dimension.Axis + 1);
        }
        else
        {
            size = Node("Gather", "size", Node("Shape", "sizes", dimension.Input.Name), Constant("axis", [1], dimension.Axis));
        }
        string away = Node("Sub", "away", size, Node("Clip", "within", size, Constant("from", [], range.From), Constant("to", [], range.To)));
        Node("Gather", "", Constant("only", [1], 0), Node("Mul", "squared", away, away));

        string Node(string op, string role, params ReadOnlySpan<string> inputs)
        {
            NodeProto node = new() { OpType = op, Name = Unique(role) };
            foreach (string input in inputs)
                node.Input.Add(input);
            node.Output.Add(node.Name);
            graph.Node.Add(node);
            return node.Name;
        }

        string Constant(string role, long[] dims, long value)
        {
            TensorProto tensor = new() { Name = Unique(role), DataType = (int)DataType.Int64, RawData = ByteString.CopyFrom(BitConverter.GetBytes(value)) };
            tensor.Dims.AddRange(dims);
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }

        string Unique(string role)
        {
            string unique = role.Length == 0 ? prefix : $"{prefix}_{role}";
            while (!names.Add(unique))
                unique += "_";
            return unique;
        }
    }
}
