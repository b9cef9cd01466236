using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>One of a few names, in any case.</summary>
/// <typeparam name="T">What they stand for.</typeparam>
/// <param name="values">Value, name and title of each.</param>
/// <remarks>The names are given and not asked of an enumeration: that costs a build more than reading a manifest.</remarks>
public sealed class ChoiceSyntax<T>(params (T Value, string Name, string Title)[] values) : OptionSyntax<T>
{
    /// <inheritdoc/>
    public override IReadOnlyList<OptionChoice> Choices { get; } = [.. values.Select(v => new OptionChoice(v.Name, v.Title))];

    /// <inheritdoc/>
    public override string ValueName => string.Join('|', Choices.Select(c => c.Name));

    /// <inheritdoc/>
    public override string Schema => $$"""{ "enum": [{{string.Join(", ", Choices.Select(c => $"\"{c.Name}\""))}}] }""";

    /// <inheritdoc/>
    public override T Parse(string text)
    {
        foreach ((T value, string name, _) in values)
        {
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase))
                return value;
        }
        throw new FormatException($"it can be {string.Join(", ", Choices.Select(c => c.Name))}");
    }

    /// <inheritdoc/>
    public override string Format(T value)
    {
        foreach ((T known, string name, _) in values)
        {
            if (EqualityComparer<T>.Default.Equals(known, value))
                return name;
        }
        throw new ArgumentOutOfRangeException(nameof(value));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, T value) => json.WriteStringValue(Format(value));

    /// <inheritdoc/>
    public override T Read(JsonElement json) => Parse(json.GetString() ?? "");
}
