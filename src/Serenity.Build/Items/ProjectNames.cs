using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>Names of items and properties in a project's files that were meant for this package: those that begin with <c>Serenity</c>, and those that nearly are one of ours.</summary>
internal static class ProjectNames
{
    private const string Prefix = "Serenity";

    // Others have names too: a letter or two apart is a slip, more is another word.
    private const int MostSlips = 2;

    private static readonly string[] _items = ["SerenityModel", "SerenityDevice", "SerenityMemory"];

    /// <summary>True if a property's name is ours, or was meant to be.</summary>
    public static bool AreMeant(string property) => property.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || NearestName.Misspelt(property, ProjectProperties.Names, MostSlips) is not null;

    /// <summary>The property that was most likely meant by a name that is none; null if none is near.</summary>
    public static string? NearestProperty(string name) => Nearest(name, ProjectProperties.Names);

    /// <summary>The item that was most likely meant by a name that is none; null for one of ours, and if none is near.</summary>
    public static string? NearestItem(string name) => _items.Contains(name, StringComparer.OrdinalIgnoreCase) ? null : Nearest(name, _items);

    // What all of them begin with makes none of them near.
    private static string? Nearest(string name, IReadOnlyList<string> known) => !name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? NearestName.Misspelt(name, known, MostSlips)
        : NearestName.Of(name[Prefix.Length..], known.Select(n => n[Prefix.Length..])) is { } nearest ? Prefix + nearest : null;
}
