using System.Globalization;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Testing.Kernels;

/// <summary>One input of a recipe.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Dims">Dimensions.</param>
/// <param name="Constant">Values of a constant input; null for an activation.</param>
public sealed record RecipeInput(DataType Type, long[] Dims, double[]? Constant);

/// <summary>
/// How to make one working node of an operator, so that what its kernel does with buffers can be seen. Written as
/// <c>domain Operator firstOpset-lastOpset outputs | inputs | attributes</c>; an input is <c>f[2,8]</c> (float activation),
/// <c>i64[2]=8,2</c> (constant), or <c>-</c> (left out); an attribute is <c>axis=1</c>, <c>alpha=0.5</c>, <c>perm=1,0</c>, <c>scales=1.0,</c> (a list of one) or <c>mode="x"</c>.
/// </summary>
public sealed record KernelRecipe(
    string Domain, string Operator, int FirstOpset, int LastOpset, int Outputs, IReadOnlyList<RecipeInput?> Inputs, IReadOnlyList<AttributeProto> Attributes)
{
    private static readonly Dictionary<string, DataType> _types = new(StringComparer.Ordinal)
    {
        ["f"] = DataType.Float,
        ["d"] = DataType.Double,
        ["h"] = DataType.Float16,
        ["i8"] = DataType.Int8,
        ["u8"] = DataType.Uint8,
        ["i16"] = DataType.Int16,
        ["i32"] = DataType.Int32,
        ["i64"] = DataType.Int64,
        ["b"] = DataType.Bool,
    };

    /// <summary>Reads one line.</summary>
    public static KernelRecipe Parse(string line)
    {
        string[] parts = line.Split('|', StringSplitOptions.TrimEntries);
        string[] head = parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] opsets = head[2].Split('-');
        return new KernelRecipe(
            head[0] == "ms" ? "com.microsoft" : head[0] == "ml" ? "ai.onnx.ml" : "", head[1], Int(opsets[0]), Int(opsets[^1]),
            head.Length > 3 ? Int(head[3]) : 1,
            [.. parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Input)],
            parts.Length < 3 ? [] : [.. parts[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Attribute)]);
    }

    private static RecipeInput? Input(string text)
    {
        if (text == "-")
            return null;
        int open = text.IndexOf('['), close = text.IndexOf(']');
        string dims = text[(open + 1)..close];
        return new RecipeInput(
            _types[text[..open]], dims.Length == 0 ? [] : [.. dims.Split(',').Select(d => long.Parse(d, CultureInfo.InvariantCulture))],
            close + 1 == text.Length ? null : [.. text[(close + 2)..].Split(',').Select(v => double.Parse(v, CultureInfo.InvariantCulture))]);
    }

    private static AttributeProto Attribute(string text)
    {
        int at = text.IndexOf('=');
        AttributeProto attribute = new() { Name = text[..at] };
        string value = text[(at + 1)..];
        if (value.StartsWith('"'))
        {
            attribute.Type = AttributeProto.Types.AttributeType.String;
            attribute.S = Google.Protobuf.ByteString.CopyFromUtf8(value.Trim('"'));
        }
        else if (value.Contains(',', StringComparison.Ordinal) && value.Contains('.', StringComparison.Ordinal))
        {
            attribute.Type = AttributeProto.Types.AttributeType.Floats;
            attribute.Floats.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(v => float.Parse(v, CultureInfo.InvariantCulture)));
        }
        else if (value.Contains(',', StringComparison.Ordinal))
        {
            attribute.Type = AttributeProto.Types.AttributeType.Ints;
            attribute.Ints.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(v => (long)Int(v)));
        }
        else if (value.Contains('.', StringComparison.Ordinal))
        {
            attribute.Type = AttributeProto.Types.AttributeType.Float;
            attribute.F = float.Parse(value, CultureInfo.InvariantCulture);
        }
        else
        {
            attribute.Type = AttributeProto.Types.AttributeType.Int;
            attribute.I = Int(value);
        }
        return attribute;
    }

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
