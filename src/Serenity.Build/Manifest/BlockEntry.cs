namespace Serenity.Build.Manifest;

/// <summary>A block of memory in which a whole run takes place; see docs/planned-memory.md.</summary>
/// <param name="Architecture">Processor architecture that it holds for, such as "x64".</param>
/// <param name="Threads">Threads within operators that it holds for.</param>
/// <param name="RuntimeVersion">Version of ONNX Runtime with which the run was observed.</param>
/// <param name="Bytes">Size of the block; runs that go on at a time need one each.</param>
/// <param name="LowerBoundBytes">Bytes that no placement of these allocations can go under.</param>
public sealed record BlockEntry(string Architecture, int Threads, string RuntimeVersion, long Bytes, long LowerBoundBytes);

/// <summary>The allocations of a run in the order in which ONNX Runtime makes them, and where they lie in the block.</summary>
/// <param name="Bytes">Bytes of each.</param>
/// <param name="Offsets">Bytes from the start of the block of each.</param>
/// <param name="Outputs">For each the index of the model's output that it is for; -1 for none.</param>
public sealed record BlockAllocationsEntry(IReadOnlyList<long> Bytes, IReadOnlyList<long> Offsets, IReadOnlyList<int> Outputs);
