namespace Serenity.Build.Checks;

/// <summary>What tells a model from others in a <see cref="Baseline"/>: for holding it to its figure and for updating that, so that both are of one name.</summary>
/// <param name="SourcePath">Absolute path of the source model, or of the manifest where only that was named.</param>
/// <param name="Variant">What tells this build of it from others of the same project; empty for the only one.</param>
public sealed record BaselineKey(string SourcePath, string Variant = "")
{
    /// <summary>The source's path in its project, as a manifest says it; null where there is no manifest. It is the name where the baseline has it, so lies in the project's folder.</summary>
    public string? InProject { get; init; }

    /// <summary>Its name in a baseline.</summary>
    public string NameIn(Baseline baseline)
    {
        ArgumentNullException.ThrowIfNull(baseline);
        return InProject is { } name && baseline.Find(name) is not null ? name : baseline.NameOf(SourcePath, Variant);
    }
}
