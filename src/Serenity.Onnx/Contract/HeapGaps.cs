namespace Serenity.Onnx.Contract;

/// <summary>
/// What the C library keeps of blocks that runs gave back. ONNX Runtime asks for each block aligned to 64 bytes; glibc (2.36) cuts what is too much off both ends of a larger one, keeps
/// those pieces for small requests, and a hole of just the right size is then too small for the next block. Over the first runs a heap of such holes grows: of 33 models of the test data
/// it came to 0 to 5.1 times what a run needs, another amount each time (<c>tests/native/probe.c</c>, sixty runs; docs/process.md). A planned session takes one block and leaves none.
/// </summary>
public static class HeapGaps
{
    /// <summary>More than was seen of any model.</summary>
    private const int MostTimes = 6;

    /// <summary>At most what is kept.</summary>
    /// <param name="requiredBytes">Bytes that runs need.</param>
    public static long Most(long requiredBytes) => checked(MostTimes * requiredBytes);

    /// <summary>An account with the pool, for each run that goes on.</summary>
    public static MemoryAccount AddTo(MemoryAccount account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return account.With(new PoolAccount(MemoryPool.HeapGaps, [new MemoryPart("freed", Most(account.RequiredBytes / account.Runs), FigureBasis.Bound)]));
    }
}
