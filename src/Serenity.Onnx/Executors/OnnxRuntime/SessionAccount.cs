using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
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

    /// <summary>While weights are given back and laid out anew in turns, the C library keeps gaps of the largest one's size: seen with ten equal matrices.</summary>
    private const int Gaps = 4;

    /// <summary>Kernels that lay out a constant input anew and have no more use for the one of the file.</summary>
    private static readonly HashSet<string> _packing = new(StringComparer.Ordinal)
    {
        "MatMul", "Gemm", "FusedMatMul", "FusedGemm", "MatMulInteger", "QLinearMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QGemm", "MatMulNBits", "QLinearConv", "ConvInteger",
        "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "Attention", "QAttention",
    };

    /// <summary>The pools of weights, prepacked weights, session, library and loading.</summary>
    /// <param name="model">The written model.</param>
    /// <param name="memory">What verification measured on this machine; null for nothing.</param>
    /// <param name="isHost">True for the architecture of this machine: on others kernels may lay out other weights.</param>
    public static IReadOnlyList<PoolAccount> Of(ModelProto model, MeasuredMemory? memory, bool isHost)
    {
        long weights = ModelTensors.WeightBytes(model), packed = memory?.SessionBytes ?? 0;
        long replaced = packed > 0 ? Math.Min(packed, Replaced(model.Graph)) : 0;
        long largest = model.Graph.Initializer.Select(BytesOf).DefaultIfEmpty().Max();
        MemoryPart prepacked = memory is null ? new MemoryPart("kernels", null, FigureBasis.Unknown)
            : new MemoryPart("kernels", packed, isHost ? FigureBasis.Measured : FigureBasis.Estimated);
        return
        [
            new PoolAccount(MemoryPool.Weights, [new MemoryPart("initializers", weights - replaced, replaced > 0 ? FigureBasis.Estimated : FigureBasis.Planned)]),
            new PoolAccount(MemoryPool.PrepackedWeights, [prepacked]),
            new PoolAccount(MemoryPool.Session,
            [
                new MemoryPart("empty", EmptySession, FigureBasis.Estimated),
                new MemoryPart("graph", (PerNode * model.Graph.Node.Count) + (PerInitializer * model.Graph.Initializer.Count), FigureBasis.Estimated),
            ]),
            new PoolAccount(MemoryPool.Library, [new MemoryPart("data", LibraryData, FigureBasis.Estimated), new MemoryPart("code", LibraryCode, FigureBasis.Estimated)]),
            // Each weight in turn is there twice: as the file has it, and as the session has it.
            new PoolAccount(MemoryPool.Loading, [new MemoryPart("largestWeight", checked(largest * (replaced > 0 ? Gaps : 1)), FigureBasis.Bound)]),
        ];
    }

    private static long BytesOf(TensorProto tensor) => TensorData.ExpectedBytes(tensor) ?? 0;

    /// <summary>Bytes of initializers that only such kernels read, where they are constant.</summary>
    private static long Replaced(GraphProto graph)
    {
        HashSet<string> read = new(StringComparer.Ordinal), kept = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                (i > 0 && _packing.Contains(node.OpType) ? read : kept).Add(node.Input[i]);
        }
        return graph.Initializer.Where(weight => read.Contains(weight.Name) && !kept.Contains(weight.Name) && weight.Dims.Count > 1).Sum(BytesOf);
    }
}
