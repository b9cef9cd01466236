using System.Globalization;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Pieces along an axis whose size has a range: as many at every size. With n positions, k pieces and m positions that stay together, the border before piece i is
/// <c>m * floor(floor(n/m) * i / k)</c>, which <see cref="PieceTable.Share"/> gives for one size. See docs/ranges.md.
/// </summary>
internal sealed class OpenPieces
{
    private readonly PieceNodes _nodes;
    private readonly OpenSizes _sizes;
    private readonly Dictionary<(SizeExpression Extent, long Unit, int Pieces), string> _borders = [];
    private readonly Dictionary<(string Borders, long Times), string> _steps = [];
    private readonly Dictionary<(SizeExpression Extent, long Unit, int Pieces, long Times, long Plus), string[]> _at = [];

    /// <summary>Begins with none.</summary>
    /// <param name="nodes">The model that is being written.</param>
    /// <param name="sizes">Sizes that it computes in a run.</param>
    public OpenPieces(PieceNodes nodes, OpenSizes sizes) => (_nodes, _sizes) = (nodes, sizes);

    /// <summary>The border before a piece.</summary>
    /// <param name="extent">How many positions there are.</param>
    /// <param name="unit">How many stay together.</param>
    /// <param name="piece">The piece, from 0.</param>
    /// <param name="pieces">Number of pieces.</param>
    public static SizeExpression Border(SizeExpression extent, long unit, int piece, int pieces)
    {
        if (piece == 0 || piece == pieces)
            return piece == 0 ? SizeExpression.Zero : extent;
        long common = (long)System.Numerics.BigInteger.GreatestCommonDivisor(piece, pieces);
        return SizeExpression.FloorDivide(SizeExpression.FloorDivide(extent, SizeExpression.Of(unit)) * (piece / common), SizeExpression.Of(pieces / common)) * unit;
    }

    /// <summary>Names of numbers that are so many times a border, and some more: one for each border between two pieces. Nodes that compute them in each run are added the first time that
    /// they are asked for.</summary>
    /// <param name="reach">What is asked of the axis.</param>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="times">Positions for each of the axis.</param>
    /// <param name="plus">Added to each.</param>
    /// <param name="value">A value that is there.</param>
    /// <param name="axis">An axis of it.</param>
    public string[] At(OpenReach reach, int pieces, long times, long plus, string value, int axis)
    {
        if (_at.TryGetValue((reach.Extent, reach.Unit, pieces, times, plus), out string[]? known))
            return known;
        string prefix = string.Create(CultureInfo.InvariantCulture, $"{value}/in{pieces}");
        if (!_borders.TryGetValue((reach.Extent, reach.Unit, pieces), out string? borders))
            _borders.Add((reach.Extent, reach.Unit, pieces), borders = Borders(reach, pieces, value, axis, prefix));
        string at = borders;
        if (times != 1 && !_steps.TryGetValue((borders, times), out at!))
            _steps.Add((borders, times), at = _nodes.AddNumbers(new NodeProto { OpType = "Mul", Input = { borders, _nodes.Number(times) } }, $"{prefix}/steps", [pieces - 1])[0]);
        if (plus != 0)
            at = _nodes.AddNumbers(new NodeProto { OpType = "Add", Input = { at, _nodes.Number(plus) } }, $"{prefix}/halo", [pieces - 1])[0];
        string[] each = [at];
        if (pieces > 2)
        {
            NodeProto split = new() { OpType = "Split", Input = { at } };
            long[] ones = [.. Enumerable.Repeat(1L, pieces - 1)];
            if (_nodes.Opset < 13)
                split.Set("split", ones);
            else
                split.Input.Add(Numbers($"{prefix}/ones", ones));
            each = _nodes.AddNumbers(split, $"{prefix}/begin", ones);
        }
        _at.Add((reach.Extent, reach.Unit, pieces, times, plus), each);
        return each;
    }

    /// <summary>All borders between two pieces, as one vector.</summary>
    private string Borders(OpenReach reach, int pieces, string value, int axis, string prefix)
    {
        string units = _sizes.Of(reach.Extent, value, axis, prefix);
        if (reach.Unit > 1)
            units = Node("Div", "units", 1, units, _nodes.Number(reach.Unit));
        string times = pieces == 2 ? units : Node("Mul", "times", pieces - 1, units, Numbers($"{prefix}/ordinals", [.. Enumerable.Range(1, pieces - 1).Select(i => (long)i)]));
        string borders = Node("Div", "before", pieces - 1, times, _nodes.Number(pieces));
        return reach.Unit > 1 ? Node("Mul", "begins", pieces - 1, borders, _nodes.Number(reach.Unit)) : borders;

        string Node(string op, string role, int count, string a, string b) => _nodes.AddNumbers(new NodeProto { OpType = op, Input = { a, b } }, $"{prefix}/{role}", [count])[0];
    }

    private string Numbers(string name, long[] values)
    {
        byte[] bytes = new byte[8 * values.Length];
        for (int i = 0; i < values.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
        return _nodes.NewConstant(name, TensorProto.Types.DataType.Int64, [values.Length], bytes);
    }
}
