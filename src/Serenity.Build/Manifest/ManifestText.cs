using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Serenity.Build.Manifest;

/// <summary>How a manifest is laid out as text: a line for each property, and one for each element of a list, so that two can be compared by line.</summary>
internal abstract class ManifestText : IDisposable
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly Utf8JsonWriter _json;
    private bool _any;

    protected ManifestText() =>
        _json = new Utf8JsonWriter(_output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    /// <summary>Opens the object that a manifest is.</summary>
    protected void Begin() => Raw("{\n"u8);

    /// <summary>Closes it.</summary>
    /// <returns>All of the text, as UTF-8.</returns>
    protected byte[] End()
    {
        Raw("\n}\n"u8);
        return _output.WrittenSpan.ToArray();
    }

    /// <summary>A property that is an object, on one line.</summary>
    protected void Object(string name, Action<Utf8JsonWriter> content)
    {
        Utf8JsonWriter json = Property(name);
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
    }

    /// <summary>A list with a line for each element.</summary>
    protected void Lines<T>(string name, IReadOnlyList<T> elements, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        Property(name);
        Raw("["u8);
        for (int i = 0; i < elements.Count; i++)
        {
            Raw(i == 0 ? "\n    "u8 : ",\n    "u8);
            write(_json, elements[i]);
        }
        Raw(elements.Count == 0 ? "]"u8 : "\n  ]"u8);
    }

    /// <summary>A list of objects with a line for each.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="elements">The objects.</param>
    /// <param name="write">Writes the properties of one.</param>
    protected void Objects<T>(string name, IReadOnlyList<T> elements, Action<Utf8JsonWriter, T> write)
        where T : class =>
        Lines(name, elements, (json, element) =>
        {
            json.WriteStartObject();
            write(json, element);
            json.WriteEndObject();
        });

    /// <summary>Begins a line with a property's name; its value comes next.</summary>
    protected Utf8JsonWriter Property(string name)
    {
        Raw(_any ? ",\n  "u8 : "  "u8);
        _any = true;
        _json.WriteStringValue(name);
        Raw(": "u8);
        return _json;
    }

    /// <summary>Text between values, which the JSON writer knows nothing of.</summary>
    private void Raw(ReadOnlySpan<byte> text)
    {
        _json.Flush();
        _json.Reset();
        _output.Write(text);
    }
}
