using Serenity.Build.Manifest;
using Serenity.Build.Text;

namespace Serenity.Build.Report;

/// <summary>Names of a manifest as the report shows them: safe, and short enough that a page of thousands of nodes stays small.</summary>
internal sealed class ReportNames
{
    // Half of the report's 3 MB; the rest is numbers.
    private const int CharactersForAllNames = 1_400_000;

    private readonly int _limit;

    public ReportNames(MemoryManifest manifest)
    {
        int count = manifest.Program.Steps.Count + manifest.Program.Listed().Count();
        _limit = Math.Clamp(CharactersForAllNames / Math.Max(count, 1), 24, 240);
    }

    /// <summary>The name as it is shown.</summary>
    public string Show(string name) => ModelText.Clean(name, _limit);
}
