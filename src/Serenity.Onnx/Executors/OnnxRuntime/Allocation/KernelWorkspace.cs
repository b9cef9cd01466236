using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Planning;
using Serenity.Planning.Scheduling;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// What ONNX Runtime's kernels take for themselves while they run, as far as a rule is known. Among orders of equal peak it tells the one in
/// which that scratch lies beside the peak and not on top of it. No figure rests on it: workspace is measured, and depends on the processor.
/// </summary>
/// <remarks>
/// A convolution takes what <see cref="FloatConvScratch"/> says, the most of the processors that the model is planned for; a transposed one its whole
/// column matrix; attention its scores (<see cref="AttentionScratch"/>).
/// </remarks>
internal sealed class KernelWorkspace
{
    /// <summary>States that may be searched for an order that differs in scratch alone.</summary>
    private const long MostStates = 200_000;

    private readonly MemoryGraph _alone, _within;
    private readonly long[] _bytes;

    internal KernelWorkspace(MemoryGraph alone, long[] bytes)
    {
        _alone = alone;
        _within = alone.WithScratch(bytes);
        _bytes = bytes;
    }

    /// <summary>The scratch of a graph's kernels.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="memory">Its memory graph, without them.</param>
    /// <param name="shapes">Shapes of all values, weights included.</param>
    /// <param name="kernels">Whose kernels may run it.</param>
    /// <returns>Null where no kernel is known to take any.</returns>
    public static KernelWorkspace? Find(OrtGraph graph, MemoryGraph memory, ShapeTable shapes, IReadOnlyList<MlasKernels> kernels)
    {
        long[] bytes = Of(graph, shapes, kernels);
        long total = 0;
        for (int tensor = 0; tensor < memory.TensorCount; tensor++)
            total += memory.Bytes(tensor);
        return total > 1L << 60 || Array.TrueForAll(bytes, b => b == 0) ? null : new KernelWorkspace(memory, bytes);
    }

    /// <summary>Live peak of an order with the kernels' scratch, in bytes.</summary>
    public long Peak(int[] order) => LiveProfile.Peak(_within, order);

    /// <summary>A schedule of the same live peak, with less scratch on top of it where one is found.</summary>
    /// <param name="least">A schedule found without regard to scratch.</param>
    /// <param name="options">Limits.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public ScheduleResult Improve(ScheduleResult least, ScheduleOptions options, CancellationToken cancellation)
    {
        long before = Peak(least.Order);
        if (before == least.PeakBytes)
            return least;
        options = options with { StateLimit = Math.Min(options.StateLimit, MostStates), Enough = null };
        ScheduleResult free = Scheduler.Solve(_within, options, cancellation);
        if (free.PeakBytes >= before)
            return least;
        if (LiveProfile.Peak(_alone, free.Order) <= least.PeakBytes)
            return least with { Order = free.Order };
        // Its live peak is above the least. Where every operator has at least the difference of the two peaks as scratch, an order within the
        // one peak is within the other too.
        long difference = free.PeakBytes - least.PeakBytes;
        MemoryGraph both = _alone.WithScratch(Array.ConvertAll(_bytes, b => Math.Max(b, difference)));
        ScheduleResult held = Scheduler.Solve(both, options with { Enough = free.PeakBytes }, cancellation);
        return held.PeakBytes <= free.PeakBytes ? least with { Order = held.Order } : least;
    }

    /// <summary>Peak of a plan with the kernels' scratch, in bytes.</summary>
    /// <param name="graph">The graph that was planned.</param>
    /// <param name="shapes">Shapes of all values, weights included.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="kernels">Whose kernels may run it.</param>
    public static long Peak(OrtGraph graph, ShapeTable shapes, AllocationPlan plan, IReadOnlyList<MlasKernels> kernels)
    {
        long[] bytes = Of(graph, shapes, kernels);
        long peak = plan.Peak;
        for (int step = 0; step < plan.Order.Length; step++)
            peak = Math.Max(peak, plan.Profile[step] + bytes[plan.Order[step]]);
        return peak;
    }

    private static long[] Of(OrtGraph graph, ShapeTable shapes, IReadOnlyList<MlasKernels> kernels)
    {
        long[] bytes = new long[graph.NodeCount];
        for (int node = 0; node < bytes.Length; node++)
            bytes[node] = Of(graph.Node(node), name => shapes.Find(name), kernels);
        return bytes;
    }

    /// <summary>Bytes that a node's kernel takes while it runs; 0 where no rule is known.</summary>
    /// <param name="node">The node.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    /// <param name="kernels">Whose kernels may run it.</param>
    internal static long Of(NodeProto node, Func<string, TensorType?> typeOf, IReadOnlyList<MlasKernels> kernels)
    {
        if (node.Input.Count < 2 || node.Output.Count == 0 || typeOf(node.Input[0]) is not { ElementType: DataType.Float } x || typeOf(node.Input[1]) is not { } w)
            return 0;
        long bytes = node.Kind() switch
        {
            OperatorKind.Convolution when node.IsPlainConvolution() => ConvolutionShape.TryRead(node, x, w, typeOf(node.Output[0])) is { } conv ? kernels.Max(k => FloatConvScratch.Of(conv, k)) : 0,
            OperatorKind.TransposedConvolution when w.Dims.Length == x.Dims.Length && x.Dims.Length >= 3 => FloatConvScratch.Matrix(Product(w.Dims.AsSpan(1)), Product(x.Dims.AsSpan(2))),
            OperatorKind.Attention => AttentionScratch.Of(node, typeOf),
            _ => 0,
        };
        return bytes >= FloatConvScratch.Most ? 0 : bytes;
    }

    private static long Product(ReadOnlySpan<long> dims)
    {
        long product = 1;
        foreach (long dim in dims)
            product *= dim;
        return product;
    }
}
