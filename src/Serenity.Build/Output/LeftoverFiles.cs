using Serenity.Onnx.Models;

namespace Serenity.Build.Output;

/// <summary>
/// Removes the temporary files of builds that were killed while they wrote (<see cref="AtomicFile"/>). Only names of our own pattern, and only old ones: a build that
/// runs at the same time, in a container with processes of its own perhaps, may be writing a young one.
/// </summary>
internal static class LeftoverFiles
{
    /// <summary>A file is written in seconds.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromHours(1);

    /// <summary>Removes them from a folder and all below it. What cannot be removed stays.</summary>
    public static void Remove(string folder)
    {
        try
        {
            DateTime before = DateTime.UtcNow - Age;
            foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*" + AtomicFile.TemporaryEnding, new EnumerationOptions { RecurseSubdirectories = true }))
            {
                if (AtomicFile.IsTemporaryName(file.Name) && file.LastWriteTimeUtc < before)
                    file.Delete();
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Nothing depends on it.
        }
    }
}
