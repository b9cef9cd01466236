using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
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
/// The rule is that of MLAS's float convolution with one thread (<c>MlasConvPrepare</c>), and was seen in allocation traces of ONNX Runtime
/// 1.31.1 on x64: none where the input is the matrix already, the whole column matrix where there are more filters than output positions, 64 KiB
/// otherwise. A transposed convolution takes its whole column matrix.
/// </remarks>
internal sealed class KernelWorkspace
{
    /// <summary>Bytes of MLAS's working buffer for one thread.</summary>
    private const long SegmentBytes = 64 << 10;

    /// <summary>A matrix beyond this fails in ONNX Runtime; here it must not overflow a sum over all nodes.</summary>
    private const long Most = 1L << 40;

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
    /// <returns>Null where no kernel is known to take any.</returns>
    public static KernelWorkspace? Find(OrtGraph graph, MemoryGraph memory, ShapeTable shapes)
    {
        long[] bytes = Of(graph, shapes);
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
    /// <param name="threads">Threads within operators; each takes a working buffer.</param>
    public static long Peak(OrtGraph graph, ShapeTable shapes, AllocationPlan plan, int threads = 1)
    {
        long[] bytes = Array.ConvertAll(Of(graph, shapes), b => b == SegmentBytes ? b * threads : b);
        long peak = plan.Peak;
        for (int step = 0; step < plan.Order.Length; step++)
            peak = Math.Max(peak, plan.Profile[step] + bytes[plan.Order[step]]);
        return peak;
    }

    private static long[] Of(OrtGraph graph, ShapeTable shapes)
    {
        long[] bytes = new long[graph.NodeCount];
        for (int node = 0; node < bytes.Length; node++)
            bytes[node] = Of(graph.Node(node), name => shapes.Find(name));
        return bytes;
    }

    /// <summary>Bytes that a node's kernel takes while it runs; 0 where no rule is known.</summary>
    /// <param name="node">The node.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    internal static long Of(NodeProto node, Func<string, TensorType?> typeOf)
    {
        if (node.Input.Count < 2 || node.Output.Count == 0 || typeOf(node.Input[0]) is not { ElementType: DataType.Float, Dims: var x }
            || typeOf(node.Input[1]) is not { Dims: var w } || typeOf(node.Output[0]) is not { Dims: var y } || x.Length < 3 || w.Length != x.Length || y.Length != x.Length)
        {
            return 0;
        }
        long group = node.Attribute.FirstOrDefault(a => a.Name == "group")?.I ?? 1;
        switch (node.OpType)
        {
            case "Conv" or "FusedConv" when group > 0:
                long positions = Product(y.AsSpan(2)), rows = Product(w.AsSpan(1));
                if (IsMatrix(node, x, w, y))
                    return 0;
                return w[0] / group > positions ? Bytes(rows, positions) : SegmentBytes;
            case "ConvTranspose":
                return Bytes(Product(w.AsSpan(1)), Product(x.AsSpan(2)));
            default:
                return 0;
        }
    }

    /// <summary>True where the convolution multiplies its input as it stands: a pointwise one that leaves no position out and adds none.</summary>
    private static bool IsMatrix(NodeProto node, long[] x, long[] w, long[] y) =>
        Product(w.AsSpan(2)) == 1 && x.AsSpan(2).SequenceEqual(y.AsSpan(2)) &&
        !node.Attribute.Any(a => a.Name is "strides" or "pads" && a.Ints.Any(i => i != (a.Name == "pads" ? 0 : 1)));

    private static long Bytes(long rows, long columns) => (double)rows * columns * sizeof(float) > Most ? 0 : rows * columns * sizeof(float);

    private static long Product(ReadOnlySpan<long> dims)
    {
        long product = 1;
        foreach (long dim in dims)
            product *= dim;
        return product;
    }
}
