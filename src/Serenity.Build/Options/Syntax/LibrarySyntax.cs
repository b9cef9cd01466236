using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>A native library: the one that comes with this program, the one that the app brings, or one by its path.</summary>
public sealed class LibrarySyntax : OptionSyntax<string?>
{
    /// <summary>The one that the app brings.</summary>
    public const string App = "App";

    /// <summary>The one that comes with this program, which is no value.</summary>
    private const string Package = "Package";

    /// <inheritdoc/>
    public override IReadOnlyList<OptionChoice> Choices => [];

    /// <inheritdoc/>
    public override string ValueName => "library";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "string" }""";

    /// <inheritdoc/>
    public override string? Parse(string text) =>
        text.Equals(Package, StringComparison.OrdinalIgnoreCase) ? null
        : text.Equals(App, StringComparison.OrdinalIgnoreCase) ? App
        : text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException("a path has no null character")
        : text.Replace('\\', '/');

    /// <inheritdoc/>
    public override string Format(string? value) => value!;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, string? value) => json.WriteStringValue(value);

    /// <inheritdoc/>
    public override string Read(JsonElement json) => json.GetString() ?? throw new FormatException("A text is missing.");
}
