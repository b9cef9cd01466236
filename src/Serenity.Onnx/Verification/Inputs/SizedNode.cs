using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>A node whose output's size is decided by the elements of some of its inputs, seen backwards: from the sizes to the elements.</summary>
/// <param name="node">A node of ONNX's own domain.</param>
/// <param name="shapes">The shapes planned with.</param>
/// <param name="given">Type of a value that is given from outside; null for any other.</param>
internal sealed class SizedNode(NodeProto node, ShapeTable shapes, Func<string, TensorType?> given)
{
    private readonly long[]? _x = node.Input.Count > 0 ? shapes.Find(node.Input[0])?.Dims : null;
    private readonly long[]? _y = node.Output.Count > 0 ? shapes.Find(node.Output[0])?.Dims : null;

    /// <summary>The elements wanted of inputs that are given from outside, by their index.</summary>
    public IEnumerable<(int Index, double[] Elements)> Wanted()
    {
        if (_y is not { } y)
            return [];
        long[]? x = _x;
        return node.OpType switch
        {
            "Reshape" or "MaxUnpool" => One(node.OpType == "Reshape" ? 1 : 2, Doubles(y)),
            "Expand" => One(1, Doubles(y.Skip(y.Length - Math.Min(y.Length, Length(1))))),
            "ConstantOfShape" => One(0, Doubles(y)),
            "Tile" when x?.Length == y.Length => One(1, [.. y.Zip(x, (all, one) => one == 0 ? 1.0 : all / one)]),
            "Squeeze" when x is not null => One(1, Doubles(Left(x, y))),
            "Unsqueeze" when x is not null => One(1, Doubles(Left(y, x))),
            "Upsample" when x?.Length == y.Length => One(1, Scales(x, y)),
            "Resize" when x?.Length == y.Length => [.. One(2, Scales(x, y)), .. One(3, Doubles(y)), .. One(1, [.. y.Select(_ => 0.0), .. y.Select(_ => 1.0)])],
            "TopK" when x?.Length == y.Length => One(1, [Axis(-1, y.Length) is { } axis ? y[axis] : 1]),
            "OneHot" => One(1, [Axis(-1, y.Length) is { } axis ? y[axis] : 1]),
            "Split" => One(1, [.. node.Output.Select(o => shapes.Find(o)?.Dims is { } part && Axis(0, part.Length) is { } axis ? (double)part[axis] : 0)]),
            "Slice" when x?.Length == y.Length => Slice(x, y),
            "Pad" when x?.Length == y.Length => Pad(x, y),
            "CumSum" => One(1, [0]),
            "Range" when y.Length == 1 => [.. One(0, [0]), .. One(1, [y[0]]), .. One(2, [1])],
            "HannWindow" or "HammingWindow" or "BlackmanWindow" when y.Length == 1 => One(0, [y[0]]),
            "Loop" when node.Output.Select(o => shapes.Find(o)?.Dims).Skip(node.Input.Count - 2).FirstOrDefault() is { Length: > 0 } collected => [.. One(0, [collected[0]]), .. One(1, [1])],
            "CenterCropPad" when x?.Length == y.Length && Length(1) == y.Length => One(1, Doubles(y)),
            "MelWeightMatrix" when y.Length == 2 => [.. One(0, [y[1]]), .. One(1, [2 * (y[0] - 1)]), .. One(2, [8192]), .. One(3, [0]), .. One(4, [4096])],
            "DFT" when x?.Length == y.Length && Axis(1, y.Length) is { } axis && node.Attribute.All(a => a.Name != "onesided" || a.I == 0) => One(1, [y[axis]]),
            "STFT" when y.Length == 4 && x is { Length: >= 2 } => Stft(x, y),
            _ when node.OpType.StartsWith("Reduce", StringComparison.Ordinal) && x is not null => One(1, Doubles(Reduced(x, y))),
            _ => [],
        };
    }

    private IEnumerable<(int, double[])> One(int index, double[] elements)
    {
        if (index < node.Input.Count && given(node.Input[index]) is not null)
            yield return (index, elements);
    }

    private int Length(int index) => index < node.Input.Count && given(node.Input[index]) is { Dims: [var count] } ? (int)count : 0;

    private int? Axis(long otherwise, int rank)
    {
        long axis = node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? otherwise;
        axis += axis < 0 ? rank : 0;
        return axis >= 0 && axis < rank ? (int)axis : null;
    }

    // All that differ are cut, from their start; further axes are named where more are asked for.
    private IEnumerable<(int, double[])> Slice(long[] x, long[] y)
    {
        int count = Math.Max(Length(1), Math.Max(Length(2), Length(3)));
        int[] axes = node.Input.Count > 3 && node.Input[3].Length > 0
            ? [.. Enumerable.Range(0, x.Length).OrderBy(d => x[d] == y[d]).Take(count).Order()] : [.. Enumerable.Range(0, count)];
        return [.. One(1, [.. axes.Select(_ => 0.0)]), .. One(2, Doubles(axes.Select(d => y[d]))), .. One(3, Doubles(axes.Select(d => (long)d))), .. One(4, [.. axes.Select(_ => 1.0)])];
    }

    private IEnumerable<(int, double[])> Pad(long[] x, long[] y)
    {
        int count = Length(1) / 2;
        int[] axes = count == x.Length ? [.. Enumerable.Range(0, count)] : [.. Enumerable.Range(0, x.Length).OrderBy(d => x[d] == y[d]).Take(count).Order()];
        return [.. One(1, [.. axes.Select(_ => 0.0), .. axes.Select(d => (double)(y[d] - x[d]))]), .. One(3, Doubles(axes.Select(d => (long)d)))];
    }

    // (length - frame) / step + 1 frames; of a frame without a side that mirrors it there are as many values as it has elements.
    private IEnumerable<(int, double[])> Stft(long[] x, long[] y)
    {
        bool onesided = node.Attribute.FirstOrDefault(a => a.Name == "onesided")?.I != 0;
        long frame = node.Input.Count > 2 && shapes.Find(node.Input[2]) is { Dims: [var window] } ? window : onesided ? 2 * (y[2] - 1) : y[2];
        long step = y[1] > 1 ? Math.Max(1, (x[1] - frame) / (y[1] - 1)) : Math.Max(1, x[1]);
        return [.. One(1, [step]), .. One(3, [frame])];
    }

    private static double[] Doubles(IEnumerable<long> values) => [.. values.Select(v => (double)v)];

    private static double[] Scales(long[] x, long[] y) => [.. y.Zip(x, (after, before) => before == 0 ? 1.0 : (double)after / before)];

    /// <summary>The positions in the longer shape, all of size 1, that are left over when the shorter is matched with it.</summary>
    private static List<long> Left(long[] longer, long[] shorter)
    {
        List<long> left = [];
        int at = shorter.Length - 1;
        for (int d = longer.Length - 1; d >= 0; d--)
        {
            // A one is left over as soon as what remains of both cannot be matched without it.
            bool spare = longer[d] == 1 && left.Count < longer.Length - shorter.Length;
            if (at >= 0 && longer[d] == shorter[at] && !(spare && Matches(longer, d, shorter, at + 1)))
                at--;
            else if (spare)
                left.Add(d);
        }
        left.Reverse();
        return left;
    }

    private static bool Matches(long[] longer, int count, long[] shorter, int want)
    {
        for (int d = 0; d < count && want > 0; d++)
        {
            if (longer[count - 1 - d] == shorter[want - 1])
                want--;
            else if (longer[count - 1 - d] != 1)
                return false;
        }
        return want == 0;
    }

    private static IEnumerable<long> Reduced(long[] x, long[] y)
    {
        if (x.Length == y.Length)
            return Enumerable.Range(0, x.Length).Where(d => y[d] == 1 && x[d] != y[d]).Select(d => (long)d);
        List<long> axes = [];
        int at = 0;
        for (int d = 0; d < x.Length; d++)
        {
            if (at < y.Length && x[d] == y[at] && x.Length - d > y.Length - at - 1)
                at++;
            else
                axes.Add(d);
        }
        return axes;
    }
}
