using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>How the values of an option are written: in a project file and on the command line as text, in a manifest as JSON.</summary>
public abstract class OptionSyntax
{
    /// <summary>The values, where they can be counted; else empty.</summary>
    public virtual IReadOnlyList<OptionChoice> Choices => [];

    /// <summary>What the help calls a value: a kind (<c>size</c>), or the values (<c>None|All</c>).</summary>
    public abstract string ValueName { get; }

    /// <summary>True for a list of names of a model, in which <c>%3B</c> is a semicolon in a name (<see cref="Onnx.Diagnostics.NameList"/>).</summary>
    public virtual bool IsNameList => false;

    /// <summary>JSON schema of a value in a manifest.</summary>
    public abstract string Schema { get; }
}

/// <summary>How the values of an option are written, and read.</summary>
/// <typeparam name="T">Type of a value. Null, where it can be, is no value: absent from a manifest.</typeparam>
public abstract class OptionSyntax<T> : OptionSyntax
{
    /// <summary>Reads a value.</summary>
    /// <param name="text">The text, not empty.</param>
    /// <exception cref="FormatException">It is not understood; the message says what is allowed, as words behind a colon.</exception>
    public abstract T Parse(string text);

    /// <summary>The text of a value, the same for equal values: what <see cref="Parse"/> makes the value of again.</summary>
    /// <param name="value">The value, not null.</param>
    public abstract string Format(T value);

    /// <summary>Writes a value, not null, without its name.</summary>
    public abstract void Write(Utf8JsonWriter json, T value);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It is not that.</exception>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public abstract T Read(JsonElement json);
}
