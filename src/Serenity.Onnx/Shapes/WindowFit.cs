using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>What a size is not, since a window does not fit it.</summary>
/// <param name="reason">Which, where; a sentence.</param>
internal sealed class WindowException(string reason) : Exception(reason);

/// <summary>The windows of convolutions and pools, and the sizes that they slide over: ONNX Runtime infers a size for windows that do not fit, and for ones that its kernels leave out.</summary>
internal static class WindowFit
{
    private readonly record struct Axis(long Size, long Extent, long Stride, long Before, long After);

    /// <summary>Why a window does not fit its input, as a sentence; null where all do, or it is not known.</summary>
    /// <param name="node">A node.</param>
    /// <param name="dims">Dimensions of values; null for one of which they are not known.</param>
    public static string? Obstacle(NodeProto node, Func<string, long[]?> dims)
    {
        Axis[] axes = AxesOf(node, dims) ?? [];
        for (int i = 0; i < axes.Length; i++)
        {
            Axis axis = axes[i];
            long padding = axis.Before + axis.After;
            if (axis.Size >= 0 && axis.Extent > axis.Size + padding)
            {
                string with = padding == 0 ? "" : FormattableString.Invariant($", {axis.Size + padding} with its padding");
                return FormattableString.Invariant(
                    $"{GraphCheck.Describe(node)} has windows of {axis.Extent} along axis {i + 2} of '{node.Input[0]}', which has a size of {axis.Size} there{with}.");
            }
        }
        return null;
    }

    /// <summary>
    /// The shape that a pool really gives that rounds the number of its windows up, which is not the one that ONNX Runtime infers; null where they are the same, or nothing is known.
    /// </summary>
    /// <param name="node">A node.</param>
    /// <param name="dims">Dimensions of values, as they are inferred.</param>
    public static long[]? NotAsInferred(NodeProto node, Func<string, long[]?> dims)
    {
        if (OperatorTable.Of(node).Kind != OperatorKind.Pool || node.Int("ceil_mode", 0) == 0 || AxesOf(node, dims) is not { } axes || dims(node.Output[0]) is not { } inferred
            || inferred.Length != axes.Length + 2)
            return null;
        long[] given = [.. inferred];
        for (int i = 0; i < axes.Length; i++)
        {
            Axis axis = axes[i];
            // The last window begins within the input or the padding before it.
            given[i + 2] = Math.Min(CeilDivide(axis.Size + axis.Before + axis.After - axis.Extent, axis.Stride) + 1, CeilDivide(axis.Size + axis.Before, axis.Stride));
        }
        return given.AsSpan().SequenceEqual(inferred) ? null : given;
    }

    /// <summary>What to say of such a pool.</summary>
    /// <param name="node">The pool.</param>
    /// <param name="given">What it gives.</param>
    /// <param name="inferred">What is inferred.</param>
    public static string Rounded(NodeProto node, long[] given, long[] inferred) =>
        $"{GraphCheck.Describe(node)} rounds the number of its windows up (ceil_mode), and leaves out a last one that would begin behind its input, which ONNX Runtime counts as it infers sizes:"
        + $" it gives [{string.Join(",", given)}], not [{string.Join(",", inferred)}].";

    private static Axis[]? AxesOf(NodeProto node, Func<string, long[]?> dims)
    {
        Operator entry = OperatorTable.Of(node);
        if (entry.Kind is not (OperatorKind.Convolution or OperatorKind.Pool) || node.Input.Count == 0 || dims(node.Input[0]) is not { Length: > 2 } x || node.Int("channels_last", 0) != 0)
            return null;
        string mode = node.Text("auto_pad", "NOTSET");
        if (mode is not ("NOTSET" or "VALID" or ""))
            return null;
        int rank = x.Length - 2, weights = entry.Kind == OperatorKind.Convolution ? entry.Roles.PositionOf(InputRole.Weight) : -1;
        long[]? kernel = node.Ints("kernel_shape") ?? (weights >= 0 && weights < node.Input.Count && dims(node.Input[weights]) is { } w && w.Length == x.Length ? w[2..] : null);
        long[] strides = node.Ints("strides") ?? [.. Enumerable.Repeat(1L, rank)], dilations = node.Ints("dilations") ?? [.. Enumerable.Repeat(1L, rank)];
        long[] pads = mode == "VALID" ? new long[2 * rank] : node.Ints("pads") ?? new long[2 * rank];
        if (kernel?.Length != rank || strides.Length != rank || dilations.Length != rank || pads.Length != 2 * rank || strides.Any(s => s < 1))
            return null;
        return [.. Enumerable.Range(0, rank).Select(i => new Axis(x[i + 2], ((kernel[i] - 1) * dilations[i]) + 1, strides[i], pads[i], pads[i + rank]))];
    }

    private static long CeilDivide(long of, long by) => of <= 0 ? of / by : (of + by - 1) / by;
}
