using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Pieces along an axis whose size has a range: as many at every size, of two positions or more, the last with what is left over. With n positions and k pieces, piece i begins at
/// <c>2 * floor(floor(n/2) * i / k)</c>, which <see cref="PieceTable.Share"/> gives for one size. See docs/ranges.md.
/// </summary>
internal sealed class OpenPieces
{
    /// <summary>Positions that stay together: of two computed matrices, ONNX Runtime multiplies one row alone by another routine, which rounds otherwise.</summary>
    public const long Unit = 2;

    private readonly PieceNodes _nodes;
    private readonly Dictionary<(SizeExpression Extent, int Pieces), string[]> _begins = [];

    /// <summary>Begins with none.</summary>
    /// <param name="nodes">The model that is being written.</param>
    public OpenPieces(PieceNodes nodes) => _nodes = nodes;

    /// <summary>How many positions a piece has.</summary>
    /// <param name="extent">How many there are.</param>
    /// <param name="piece">The piece, from 0.</param>
    /// <param name="pieces">Number of pieces.</param>
    public static SizeExpression Length(SizeExpression extent, int piece, int pieces) => Begin(extent, piece + 1, pieces) - Begin(extent, piece, pieces);

    /// <summary>Where a piece begins.</summary>
    /// <inheritdoc cref="Length"/>
    public static SizeExpression Begin(SizeExpression extent, int piece, int pieces)
    {
        if (piece == 0 || piece == pieces)
            return piece == 0 ? SizeExpression.Zero : extent;
        long common = (long)System.Numerics.BigInteger.GreatestCommonDivisor(piece, pieces);
        return SizeExpression.FloorDivide(SizeExpression.FloorDivide(extent, SizeExpression.Of(Unit)) * (piece / common), SizeExpression.Of(pieces / common)) * Unit;
    }

    /// <summary>Names of the numbers between which a Slice takes a piece; nodes that compute them in each run are added the first time that they are asked for.</summary>
    /// <param name="value">A value with the axis.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="extent">How many positions it has.</param>
    /// <param name="piece">The piece, from 0.</param>
    /// <param name="pieces">Number of pieces.</param>
    public (string From, string To) Bounds(string value, int axis, SizeExpression extent, int piece, int pieces)
    {
        if (!_begins.TryGetValue((extent, pieces), out string[]? begins))
            _begins.Add((extent, pieces), begins = Begins(value, axis, pieces));
        return (piece == 0 ? _nodes.Number(0) : begins[piece - 1], piece == pieces - 1 ? _nodes.Number(long.MaxValue) : begins[piece]);
    }

    private string[] Begins(string value, int axis, int pieces)
    {
        string prefix = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value}/in{pieces}");
        string size = Size(value, axis, prefix);
        string units = Node("Div", "units", 1, size, _nodes.Number(Unit));
        string times = pieces == 2 ? units : Node("Mul", "times", pieces - 1, units, Numbers("ordinals", [.. Enumerable.Range(1, pieces - 1).Select(i => (long)i)]));
        string begins = Node("Mul", "begins", pieces - 1, Node("Div", "before", pieces - 1, times, _nodes.Number(pieces)), _nodes.Number(Unit));
        if (pieces == 2)
            return [begins];
        NodeProto split = new() { OpType = "Split", Input = { begins } };
        long[] ones = [.. Enumerable.Repeat(1L, pieces - 1)];
        if (_nodes.Opset < 13)
            split.Set("split", ones);
        else
            split.Input.Add(Numbers("ones", ones));
        return _nodes.AddNumbers(split, $"{prefix}/begin", ones);

        string Node(string op, string role, int count, params ReadOnlySpan<string> inputs)
        {
            NodeProto node = new() { OpType = op };
            foreach (string input in inputs)
                node.Input.Add(input);
            return _nodes.AddNumbers(node, $"{prefix}/{role}", [count])[0];
        }

        string Numbers(string role, long[] values)
        {
            byte[] bytes = new byte[8 * values.Length];
            for (int i = 0; i < values.Length; i++)
                System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
            return _nodes.NewConstant($"{prefix}/{role}", TensorProto.Types.DataType.Int64, [values.Length], bytes);
        }
    }

    /// <summary>The size of an axis, as a vector of one number.</summary>
    private string Size(string value, int axis, string prefix)
    {
        NodeProto shape = new() { OpType = "Shape", Input = { value } };
        // From where on Shape gives a part.
        if (_nodes.Opset >= 15)
        {
            shape.Set("start", axis);
            shape.Set("end", axis + 1);
            return _nodes.AddNumbers(shape, $"{prefix}/size", [1])[0];
        }
        string sizes = _nodes.AddNumbers(shape, $"{prefix}/sizes", [_nodes.Rank(value)])[0];
        return _nodes.AddNumbers(new NodeProto { OpType = "Gather", Input = { sizes, _nodes.Number(axis) } }, $"{prefix}/size", [1])[0];
    }
}
