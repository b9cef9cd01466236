namespace Serenity.Build.Output;

/// <summary>A file as it was at some moment.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Stamp">Its stamp then.</param>
/// <remarks>A class, since a build that has nothing to do reads lists of them, and lists of structures are compiled at run time.</remarks>
public sealed record StampedFile(string Path, FileStamp Stamp)
{
    /// <summary>A file as it is now.</summary>
    public static StampedFile Of(string path) => new(path, FileStamp.Of(path));

    /// <summary>True if it is still as it was.</summary>
    public bool IsUnchanged => FileStamp.Of(Path) == Stamp;
}
