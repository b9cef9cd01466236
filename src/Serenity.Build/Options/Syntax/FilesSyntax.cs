using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>Files by path or glob, separated by semicolons, or none.</summary>
public sealed class FilesSyntax : OptionSyntax<string?>
{
    /// <inheritdoc/>
    public override string ValueName => "files";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "string" }""";

    /// <inheritdoc/>
    public override string Parse(string text) => text.Contains('\0', StringComparison.Ordinal) ? throw new FormatException("a path has no null character") : text.Replace('\\', '/');

    /// <inheritdoc/>
    public override string Format(string? value) => value!;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, string? value) => json.WriteStringValue(value);

    /// <inheritdoc/>
    public override string Read(JsonElement json) => json.GetString() ?? throw new FormatException("A text is missing.");
}
