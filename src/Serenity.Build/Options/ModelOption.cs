using System.Text.Json;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Options;

/// <summary>
/// All there is to know of one option of a model, in one place: its names, how it is read and written, what it is by default and what it shapes.
/// The task, the command line, the cache's key, the manifest and the report follow from it (<see cref="ModelOptions"/> lists them all); tests hold
/// <c>Serenity.Build.props</c>, the property page, the manifest's schema and the reference against it.
/// </summary>
public abstract class ModelOption
{
    private protected ModelOption(string name, OptionEffect effect, string summary)
    {
        Name = name;
        Effect = effect;
        Summary = summary;
        Property = "Serenity" + name;
        JsonName = JsonNamingPolicy.CamelCase.ConvertName(name);
    }

    /// <summary>Metadata of a <c>SerenityModel</c> item.</summary>
    public string Name { get; }

    /// <summary>What it shapes.</summary>
    public OptionEffect Effect { get; }

    /// <summary>What it is for, in a sentence: for the property page and the command line's help.</summary>
    public string Summary { get; }

    /// <summary>MSBuild property that is its value for models that say nothing; null for none.</summary>
    public string? Property { get; init; }

    /// <summary>How it is written on the command line; null if it is not there.</summary>
    public CommandLineSwitch? Switch { get; init; }

    /// <summary>
    /// True if a project's value for all its models holds only for those that it fits, while the same said by the item itself must fit: then an
    /// item has the property's value as metadata <c>_Default…</c> too, and the two can be told apart.
    /// </summary>
    public bool FitsWhereItCan { get; init; }

    /// <summary>
    /// True if the property is one of several statements about a budget, of which the most particular wins (<see cref="Items.DeviceItems"/>):
    /// it is then no metadata of an item that says nothing.
    /// </summary>
    public bool IsBudget { get; init; }

    /// <summary>Name in the manifest's <c>options</c>.</summary>
    public string JsonName { get; }

    /// <summary>How values are written.</summary>
    public abstract OptionSyntax Syntax { get; }

    /// <summary>The default as text; null if there is none.</summary>
    public abstract string? DefaultText { get; }

    /// <summary>Reads a value.</summary>
    /// <param name="text">The text; empty for the default.</param>
    /// <param name="spelled">What the user calls the option.</param>
    /// <param name="file">The model as the user named it.</param>
    /// <exception cref="SerenityException">SER1101: it is not understood.</exception>
    internal abstract object? ReadText(string text, string spelled, string? file);

    /// <summary>The default.</summary>
    internal abstract object? DefaultValue { get; }

    /// <summary>The text of a value; null for no value.</summary>
    internal abstract string? Format(object? value);

    /// <summary>Writes name and value into an object, unless there is no value.</summary>
    internal abstract void WriteJson(Utf8JsonWriter json, object? value);

    /// <summary>Reads a value.</summary>
    internal abstract object? ReadJson(JsonElement json);

    /// <summary>The value that a request has; only of an option that shapes the result.</summary>
    internal abstract object? Of(OptimizeRequest request);

    /// <summary>The request with a value; the same request where the option is not part of it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="value">The value.</param>
    /// <param name="isProjects">True if it is the project's for all its models.</param>
    internal abstract OptimizeRequest Into(OptimizeRequest request, object? value, bool isProjects);
}

/// <summary>An option with values of a type.</summary>
/// <typeparam name="T">Type of its values.</typeparam>
public sealed class ModelOption<T> : ModelOption
{
    private readonly OptionSyntax<T> _syntax;
    private readonly Func<OptimizeRequest, T>? _of;
    private readonly Func<OptimizeRequest, T, bool, OptimizeRequest>? _into;

    /// <summary>Describes an option that the optimizer is not told.</summary>
    internal ModelOption(string name, OptionEffect effect, OptionSyntax<T> syntax, T otherwise, string summary)
        : base(name, effect, summary)
    {
        _syntax = syntax;
        Default = otherwise;
    }

    /// <summary>Describes an option that shapes the result: part of what the optimizer is asked, with the default that it has there.</summary>
    internal ModelOption(
        string name, OptionSyntax<T> syntax, Func<OptimizeRequest, T> of, Func<OptimizeRequest, T, bool, OptimizeRequest> into, string summary)
        : this(name, OptionEffect.Result, syntax, of(OptionValues.Nothing), summary)
    {
        _of = of;
        _into = into;
    }

    /// <summary>Its value where nothing is said.</summary>
    public T Default { get; }

    /// <inheritdoc/>
    public override OptionSyntax Syntax => _syntax;

    /// <inheritdoc/>
    public override string? DefaultText => Default is null || _syntax.Format(Default) is not { Length: > 0 } text ? null : text;

    internal override object? DefaultValue => Default;

    /// <inheritdoc cref="ModelOption.ReadText"/>
    public T Read(string text, string spelled, string? file)
    {
        text = text.Trim();
        if (text.Length == 0)
            return Default;
        try
        {
            return text.AsSpan().Trim("; ").IsEmpty ? throw new FormatException("a list of nothing; name something in it, or leave it out") : _syntax.Parse(text);
        }
        catch (FormatException problem)
        {
            throw new SerenityException(SerenityCodes.BadOption, file, $"{spelled}=\"{text}\" is not understood: {problem.Message}.{Meant(text)}");
        }
    }

    /// <summary>Where values are a few names, the one that was most likely meant.</summary>
    private string Meant(string text)
    {
        if (!Syntax.ValueName.Contains('|', StringComparison.Ordinal))
            return "";
        string[] names = Syntax.ValueName.Split('|');
        // "Arena" for StaticArena.
        return NearestName.Question(text, names) is { Length: > 0 } question ? question
            : names.Where(name => name.Contains(text, StringComparison.OrdinalIgnoreCase)).ToArray() is [var only] && text.Length > 2 ? $" Did you mean {only}?" : "";
    }

    internal override object? ReadText(string text, string spelled, string? file) => Read(text, spelled, file);

    internal override string? Format(object? value) => value is T known ? _syntax.Format(known) : null;

    internal override void WriteJson(Utf8JsonWriter json, object? value)
    {
        if (value is not T known)
            return;
        json.WritePropertyName(JsonName);
        _syntax.Write(json, known);
    }

    internal override object? ReadJson(JsonElement json) => _syntax.Read(json);

    internal override object? Of(OptimizeRequest request) => _of is null ? throw new InvalidOperationException($"{Name} is not part of a request.") : _of(request);

    internal override OptimizeRequest Into(OptimizeRequest request, object? value, bool isProjects) =>
        _into is null ? request : _into(request, (T)value!, isProjects);
}
