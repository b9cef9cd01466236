namespace Serenity.Onnx.Contract;

/// <summary>
/// One block of memory in which a whole run takes place: where each allocation of the run lies, tensors and kernels' scratch alike, in the order in which
/// ONNX Runtime makes them.
/// </summary>
/// <param name="Architecture">Processor architecture that it holds for, such as "x64".</param>
/// <param name="Threads">Threads within operators that it holds for.</param>
/// <param name="RuntimeVersion">Version of ONNX Runtime with which the sequence was observed.</param>
/// <param name="Bytes">Size of the block.</param>
/// <param name="LowerBoundBytes">Bytes that no placement of these allocations can go under.</param>
/// <param name="Sizes">Bytes of each allocation.</param>
/// <param name="Offsets">Bytes from the start of the block of each allocation; multiples of 64.</param>
/// <param name="Outputs">For each allocation the index of the model's output that it is for; -1 for none.</param>
public sealed record RunBlock(
    string Architecture, int Threads, string RuntimeVersion, long Bytes, long LowerBoundBytes,
    IReadOnlyList<long> Sizes, IReadOnlyList<long> Offsets, IReadOnlyList<int> Outputs);
