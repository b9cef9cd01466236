using System.Globalization;

namespace Serenity.Benchmarks.Versions;

/// <summary>A plan and what it says that a run needs.</summary>
internal sealed record PlannedModel(string Name, string Path, long RequiredBytes, bool SumsInPlace);

/// <summary>What plans need in one version: all of them, and those that sum nothing up in place.</summary>
internal sealed record VersionRow(string Version, int Models, int More, int Percent, int OthersModels, int OthersMore, int OthersPercent)
{
    /// <summary>With one more model.</summary>
    public VersionRow With(PlannedModel model, long measured)
    {
        long over = measured - model.RequiredBytes;
        int more = over > 0 ? 1 : 0, percent = over > 0 ? checked((int)((100 * over + model.RequiredBytes - 1) / model.RequiredBytes)) : 0;
        VersionRow all = this with { Models = Models + 1, More = More + more, Percent = Math.Max(Percent, percent) };
        return model.SumsInPlace ? all : all with { OthersModels = OthersModels + 1, OthersMore = OthersMore + more, OthersPercent = Math.Max(OthersPercent, percent) };
    }

    /// <summary>As a line of the table.</summary>
    public string Text() => string.Create(CultureInfo.InvariantCulture, $"{Version}\t{Models}\t{More}\t{Percent}\t{OthersModels}\t{OthersMore}\t{OthersPercent}");
}
