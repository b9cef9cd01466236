using System.Globalization;

namespace Serenity.Build.Output;

/// <summary>Size and time of last change of a file: what tells, without reading it, that it was touched.</summary>
/// <param name="Length">Bytes; -1 if there is no such file.</param>
/// <param name="Ticks">Time of last change, UTC, in 100 ns.</param>
public readonly record struct FileStamp(long Length, long Ticks)
{
    /// <summary>The stamp of a file as it is now.</summary>
    public static FileStamp Of(string path)
    {
        FileInfo file = new(path);
        // A link's own time says nothing about the file behind it.
        FileSystemInfo target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        return target is FileInfo { Exists: true } real ? new FileStamp(real.Length, real.LastWriteTimeUtc.Ticks) : new FileStamp(-1, 0);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Length} {Ticks}");
}
