using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// What a process takes for a session besides its runs. Weights are the file's; what kernels lay out anew was counted as the session was loaded; the rest is estimated, by a line through what
/// 56 models of up to 2,828 nodes took (<see cref="RuntimeRules.SessionMemory"/>, <c>tests/native/probe.c</c>): pages that were written to beyond weights, from before the session was made. Off by at
/// most 0.5 MiB in all but one, of 15 MB of weights, by 1.5.
/// </summary>
internal static class SessionAccount
{
    private const long KiB = 1024;

    /// <summary>A session without a node, and what each node and initializer adds.</summary>
    private const long EmptySession = 1460 * KiB, PerNode = 4813, PerInitializer = 5677;

    /// <summary>What the library writes to as it starts; and its code and constants, which are mapped and can be dropped by the system.</summary>
    private const long LibraryData = 7520 * KiB, LibraryCode = 19_000 * KiB;

    /// <summary>
    /// While weights are given back and laid out anew in turns, the C library keeps gaps of the largest one's size, and has them still when the model runs: two to five were seen (glibc, of four to
    /// ten equal matrices).
    /// </summary>
    private const int MostGaps = 5;

    /// <summary>What kernels of 8-bit products keep for each thread and no allocator sees: 40 to 49 kB were seen.</summary>
    private const long ThreadBuffer = 48 * KiB;

    /// <summary>Kernels that lay out a constant input anew and have no more use for the one of the file.</summary>
    private static readonly HashSet<string> _packing = new(StringComparer.Ordinal)
    {
        "MatMul", "Gemm", "FusedMatMul", "FusedGemm", "MatMulInteger", "QLinearMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QGemm", "MatMulNBits", "QLinearConv", "ConvInteger",
        "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "Attention", "QAttention",
    };

    /// <summary>What products over leading axes take is told from here on: a page or two are in what nodes are said to take.</summary>
    private const long LeastBatches = 16_384;

    /// <summary>Kernels that multiply 8-bit numbers.</summary>
    private static readonly HashSet<string> _multiplyingBytes = new(StringComparer.Ordinal)
    {
        "MatMulInteger", "QLinearMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QGemm", "QLinearConv", "ConvInteger", "DynamicQuantizeLSTM", "QAttention",
    };

    /// <summary>The pools of weights, prepacked weights, session, library and loading.</summary>
    /// <param name="model">The written model.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="request">What was asked: format, prepacking, threads.</param>
    /// <param name="memory">What verification measured on this machine; null for nothing.</param>
    /// <param name="isHost">True for the architecture of this machine: on others kernels may lay out other weights.</param>
    public static IReadOnlyList<PoolAccount> Of(ModelProto model, ShapeTable shapes, OptimizeRequest request, MeasuredMemory? memory, bool isHost)
    {
        long weights = ModelTensors.WeightBytes(model), held = memory?.SessionBytes ?? 0, largest = model.Graph.Initializer.Select(BytesOf).DefaultIfEmpty().Max();
        long[] candidates = request.Prepack ? Replaceable(model.Graph) : [];
        long replaceable = candidates.Sum();
        // A session on an .ort file has its weights from the allocator that was asked.
        long packed = request.Format == ModelFormat.Ort ? Math.Max(0, held - (weights - replaceable)) : held;
        long replaced = packed > 0 ? Math.Min(packed, replaceable) : 0, largestReplaced = replaced > 0 ? candidates.Max() : 0;
        // What is mapped is given back to the system, which leaves no gap.
        bool isMapped = request.Format == ModelFormat.OnnxExternal;
        long gaps = isMapped ? 0 : checked(Math.Min(candidates.Length, MostGaps) * largestReplaced);
        MemoryPart prepacked = memory is null ? new MemoryPart("kernels", null, FigureBasis.Unknown)
            : new MemoryPart("kernels", packed, isHost ? FigureBasis.Measured : FigureBasis.Estimated);
        long indices = ReductionIndices.Most(model.Graph, shapes), batches = ProductBatches.Most(model.Graph, shapes);
        return
        [
            new PoolAccount(MemoryPool.Weights, Weights(model, weights, replaced, isMapped)),
            new PoolAccount(MemoryPool.PrepackedWeights, gaps > 0 ? [prepacked, new MemoryPart("gaps", gaps, FigureBasis.Bound)] : [prepacked]),
            new PoolAccount(MemoryPool.Session,
            [
                new MemoryPart("empty", EmptySession, FigureBasis.Estimated),
                new MemoryPart("graph", (PerNode * model.Graph.Node.Count) + (PerInitializer * model.Graph.Initializer.Count), FigureBasis.Estimated),
                .. model.Graph.Node.Any(node => _multiplyingBytes.Contains(node.OpType))
                    ? (ReadOnlySpan<MemoryPart>)[new MemoryPart("threadBuffers", ThreadBuffer * request.Threads, FigureBasis.Bound)] : [],
                .. indices > 0 ? (ReadOnlySpan<MemoryPart>)[new MemoryPart("reductionIndices", checked(indices * request.Concurrency), FigureBasis.Bound)] : [],
                .. batches > LeastBatches ? (ReadOnlySpan<MemoryPart>)[new MemoryPart("productBatches", checked(batches * request.Concurrency), FigureBasis.Bound)] : [],
            ]),
            new PoolAccount(MemoryPool.Library, [new MemoryPart("data", LibraryData, FigureBasis.Estimated), new MemoryPart("code", LibraryCode, FigureBasis.Estimated)]),
            new PoolAccount(MemoryPool.Loading, Loading(request.Format, weights, isMapped ? largestReplaced : Math.Max(0, largest - gaps))),
        ];
    }

    /// <summary>Weights that stay as the file has them: in the process, or pages of the file, which the system drops and reads again as it likes.</summary>
    private static IReadOnlyList<MemoryPart> Weights(ModelProto model, long weights, long replaced, bool isMapped)
    {
        FigureBasis basis = replaced > 0 ? FigureBasis.Estimated : FigureBasis.Planned;
        if (!isMapped)
            return [new MemoryPart("initializers", weights - replaced, basis)];
        long mapped = model.Graph.Initializer.Select(BytesOf).Where(bytes => bytes >= WrittenModel.PageBytes).Sum();
        return [new MemoryPart("initializers", weights - mapped, FigureBasis.Planned), new MemoryPart("mapped", Math.Max(0, mapped - replaced), basis)];
    }

    /// <summary>What is there only while the model is loaded: each weight in turn twice, as the file has it and as the session has it; of an .ort file all of it.</summary>
    private static IReadOnlyList<MemoryPart> Loading(ModelFormat format, long weights, long largest)
    {
        MemoryPart one = new("largestWeight", largest, FigureBasis.Bound);
        return format == ModelFormat.Ort ? [new MemoryPart("file", weights, FigureBasis.Estimated), one] : [one];
    }

    private static long BytesOf(TensorProto tensor) => TensorData.ExpectedBytes(tensor) ?? 0;

    /// <summary>Bytes of each initializer that only such kernels read, where it is constant.</summary>
    private static long[] Replaceable(GraphProto graph)
    {
        HashSet<string> read = new(StringComparer.Ordinal), kept = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                (i > 0 && _packing.Contains(node.OpType) ? read : kept).Add(node.Input[i]);
        }
        return [.. graph.Initializer.Where(weight => read.Contains(weight.Name) && !kept.Contains(weight.Name) && weight.Dims.Count > 1).Select(BytesOf)];
    }
}
