namespace Serenity.Build.Options;

/// <summary>A property of a project that is no option of a model: how the build works, and what code it generates.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DefaultText">Its value where nothing is said, as the reference tells it.</param>
public sealed record ProjectProperty(string Name, string DefaultText);

/// <summary>Every property that the package reads. A test holds the reference and the targets against it.</summary>
public static class ProjectProperties
{
    /// <summary>Those of the project as a whole, in the order of the reference.</summary>
    public static IReadOnlyList<ProjectProperty> OfProject { get; } =
    [
        new("SerenityEnabled", "`true`"),
        new("SerenityPassThrough", "`false`"),
        new("SerenityCacheDirectory", "in `obj`"),
        new("SerenityUpdateBaseline", "`false`"),
        new("SerenityIsolate", "`true`"),
        new("SerenityGenerateCode", "`true` in C#, F# and Visual Basic"),
        new("SerenityCodeNamespace", "`RootNamespace`"),
    ];

    /// <summary>Known, and nothing that a project would set: where outputs stand while building.</summary>
    private const string Staging = "SerenityStagingDirectory";

    /// <summary>Names of all properties that are read, those of <see cref="ModelOptions"/> among them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. ModelOptions.All.Select(option => option.Property).OfType<string>(), .. OfProject.Select(property => property.Name), Staging];
}
