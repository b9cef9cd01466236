using System.Text.Json;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Options;

/// <summary>The options of one model, each with a value. Immutable.</summary>
public sealed class OptionValues
{
    /// <summary>What the optimizer is asked where nothing is said.</summary>
    internal static readonly OptimizeRequest Nothing = new() { ModelPath = "" };

    private readonly Dictionary<ModelOption, object?> _values;
    private readonly HashSet<ModelOption> _projects;

    private OptionValues(Dictionary<ModelOption, object?> values, HashSet<ModelOption> projects)
    {
        _values = values;
        _projects = projects;
    }

    /// <summary>Nothing was said.</summary>
    public static OptionValues Default { get; } = new([], []);

    /// <summary>The value of an option.</summary>
    public T Get<T>(ModelOption<T> option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return _values.TryGetValue(option, out object? value) ? (T)value! : option.Default;
    }

    /// <summary>The text of an option's value; null if it has none.</summary>
    public string? TextOf(ModelOption option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return option.Format(ValueOf(option));
    }

    /// <summary>True if the value is the project's for all its models.</summary>
    public bool IsProjects(ModelOption option) => _projects.Contains(option);

    /// <summary>The same with another value.</summary>
    public OptionValues With<T>(ModelOption<T> option, T value) =>
        new(new Dictionary<ModelOption, object?>(_values) { [option] = value }, [.. _projects.Where(o => o != option)]);

    /// <summary>Reads options.</summary>
    /// <param name="options">Those that can be given.</param>
    /// <param name="text">Text of an option; empty for the default.</param>
    /// <param name="projects">The project's text for all its models; empty if it says nothing. Asked of options that <see cref="ModelOption.FitsWhereItCan"/>.</param>
    /// <param name="spelled">What the user calls an option.</param>
    /// <param name="file">The model as the user named it.</param>
    /// <exception cref="SerenityException">SER1101: values are not understood; says all of them.</exception>
    public static OptionValues Read(
        IEnumerable<ModelOption> options, Func<ModelOption, string> text, Func<ModelOption, string> projects, Func<ModelOption, string> spelled, string? file)
    {
        ArgumentNullException.ThrowIfNull(options);
        Dictionary<ModelOption, object?> values = [];
        HashSet<ModelOption> common = [];
        List<SerenityException> faults = [];
        foreach (ModelOption option in options)
        {
            string given = text(option).Trim();
            if (given.Length == 0)
                continue;
            // A path may hold that: it is made of the file's name where nothing was said.
            if (option.Syntax is not PathSyntax && given.Contains("$(", StringComparison.Ordinal))
            {
                faults.Add(new SerenityException(
                    SerenityCodes.BadOption, file, $"{spelled(option)}=\"{given}\" holds an expression that MSBuild did not expand. Write it where MSBuild does, or give the value itself."));
                continue;
            }
            try
            {
                values[option] = option.ReadText(given, spelled(option), file);
            }
            catch (SerenityException fault)
            {
                faults.Add(fault);
            }
            if (option.FitsWhereItCan && given == projects(option).Trim())
                common.Add(option);
        }
        return faults.Count switch
        {
            0 => new OptionValues(values, common),
            1 => throw faults[0],
            // All that is wrong with one item in one build.
            _ => throw new SerenityException(SerenityCodes.BadOption, file, string.Join(" ", faults.Select(f => f.Message)), faults[0]),
        };
    }

    /// <summary>The options that a request has.</summary>
    public static OptionValues Of(OptimizeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new(ModelOptions.OfResult.ToDictionary(option => option, option => option.Of(request)), []);
    }

    /// <summary>What is asked of the optimizer.</summary>
    /// <param name="modelPath">Absolute path of the model.</param>
    public OptimizeRequest Request(string modelPath) => ModelOptions.OfResult.Aggregate(
        Nothing with { ModelPath = modelPath }, (request, option) => option.Into(request, ValueOf(option), IsProjects(option)));

    /// <summary>Text that is the same if and only if all options of an effect have equal values.</summary>
    public string KeyOf(OptionEffect effect) => string.Join('|', ModelOptions.All.Where(o => o.Effect == effect).Select(o => $"{o.Name}={TextOf(o)}"));

    /// <summary>Writes the options that shape the result, as properties of an object.</summary>
    internal void WriteJson(Utf8JsonWriter json)
    {
        foreach (ModelOption option in ModelOptions.OfResult)
            option.WriteJson(json, ValueOf(option));
    }

    /// <summary>Reads what <see cref="WriteJson"/> wrote. An option that is not there has its default: it is younger than the manifest.</summary>
    /// <exception cref="FormatException">A value is not understood.</exception>
    internal static OptionValues ReadJson(JsonElement options)
    {
        Dictionary<ModelOption, object?> values = [];
        foreach (ModelOption option in ModelOptions.OfResult)
        {
            if (options.TryGetProperty(option.JsonName, out JsonElement value))
                values[option] = option.ReadJson(value);
        }
        return new OptionValues(values, []);
    }

    private object? ValueOf(ModelOption option) => _values.TryGetValue(option, out object? value) ? value : option.DefaultValue;
}
