using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Serenity.Onnx.Diagnostics;

/// <summary>
/// The text of a message, and the settings that it names. It is written as an interpolated string whose holes may be settings: they stand in the text as a project file has
/// them, and beside it as what they are, so that the command line can say its own switches without reading English.
/// </summary>
[InterpolatedStringHandler]
public sealed class MessageText
{
    private readonly StringBuilder _text;
    private readonly List<AdvisedSetting> _settings = [];

    /// <summary>An empty text.</summary>
    public MessageText()
        : this(0, 0)
    {
    }

    /// <summary>For the compiler.</summary>
    /// <param name="literalLength">Characters outside of holes.</param>
    /// <param name="formattedCount">Holes.</param>
    public MessageText(int literalLength, int formattedCount)
    {
        _text = new StringBuilder(literalLength + 16 * formattedCount);
    }

    /// <summary>The settings that it names, each once, in their order; null for none.</summary>
    public IReadOnlyList<AdvisedSetting>? Settings => _settings.Count == 0 ? null : _settings;

    /// <summary>A text that names no setting.</summary>
    public static implicit operator MessageText(string text) => new MessageText().Append(text);

    /// <summary>Adds what stands outside of holes.</summary>
    public void AppendLiteral(string text) => _text.Append(text);

    /// <summary>Adds a setting with a value.</summary>
    public void AppendFormatted(AdvisedSetting advised)
    {
        ArgumentNullException.ThrowIfNull(advised);
        _text.Append(advised);
        Name(advised);
    }

    /// <summary>Adds a setting by its name.</summary>
    public void AppendFormatted(ModelSetting setting) => AppendFormatted(new AdvisedSetting(setting));

    /// <summary>Adds another text, with the settings that it names.</summary>
    public void AppendFormatted(MessageText? text)
    {
        if (text is not null)
            Append(text);
    }

    /// <summary>Adds what an error says, with the settings that it names.</summary>
    public void AppendFormatted(SerenityException? error)
    {
        if (error is null)
            return;
        _text.Append(error.Message);
        foreach (AdvisedSetting advised in error.Settings ?? [])
            Name(advised);
    }

    /// <summary>Adds anything else.</summary>
    public void AppendFormatted<T>(T value) => _text.Append(CultureInfo.InvariantCulture, $"{value}");

    /// <summary>Adds anything else in a format.</summary>
    public void AppendFormatted<T>(T value, string? format)
        where T : IFormattable => _text.Append(value?.ToString(format, CultureInfo.InvariantCulture));

    /// <summary>Adds another text, with the settings that it names.</summary>
    /// <returns>This text.</returns>
    public MessageText Append(MessageText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text.Append(text._text);
        text._settings.ForEach(Name);
        return this;
    }

    /// <summary>Adds text that names no setting.</summary>
    /// <returns>This text.</returns>
    public MessageText Append(string text)
    {
        _text.Append(text);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private void Name(AdvisedSetting advised)
    {
        if (!_settings.Contains(advised))
            _settings.Add(advised);
    }
}
