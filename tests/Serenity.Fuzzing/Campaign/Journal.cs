using System.IO.MemoryMappedFiles;

namespace Serenity.Fuzzing.Campaign;

/// <summary>
/// Where a worker is, in a file that both it and its supervisor have mapped: what a worker wrote is there even if it dies in the next instruction.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int Bytes = 32, IndexAt = 0, SinceAt = 8, DoneAt = 16;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public Journal(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, Bytes);
        _view = _file.CreateViewAccessor();
    }

    /// <summary>The input being worked on; -1 before the first and after the last.</summary>
    public long Index => _view.ReadInt64(IndexAt);

    /// <summary>When that began, in milliseconds since the machine started.</summary>
    public long Since => _view.ReadInt64(SinceAt);

    /// <summary>Number after the last input that the worker has done, once it has ended by itself; else -1.</summary>
    public long DoneTo => _view.ReadInt64(DoneAt);

    /// <summary>Begins an input.</summary>
    public void Begin(long index)
    {
        _view.Write(SinceAt, Environment.TickCount64);
        _view.Write(IndexAt, index);
    }

    /// <summary>Ends the work, or with -1 begins it.</summary>
    public void Finish(long doneTo)
    {
        _view.Write(IndexAt, -1L);
        _view.Write(DoneAt, doneTo);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
