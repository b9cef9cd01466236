namespace Serenity.Build.Tests;

/// <summary>An empty folder that goes away again.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("serenity-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
