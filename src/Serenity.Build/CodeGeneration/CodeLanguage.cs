using System.Globalization;
using System.Text;

namespace Serenity.Build.CodeGeneration;

/// <summary>A language that code is generated in.</summary>
public abstract class CodeLanguage
{
    private protected const string Origin = "By Serenity.Build, from the project's SerenityModel items and their memory manifests. Written anew by every build that changes them.";

    private protected const string RequiredDoc = "Bytes that a run needs beside the weights, which is what a memory budget is held against: PeakBytes, and the kernels' workspace where it was measured. 0 where the model was not planned.";

    private protected const string RequiredForDoc = "Bytes that are needed beside the weights with inputs of some sizes, kernels' scratch counted, for as many runs at a time as RequiredBytes, which is the largest of them.";

    private protected const string LayoutPathDoc = "Absolute path of the file that CreateSession loads: in the layout that ONNX Runtime has on the processor at hand, or the portable one.";

    private protected const string OfLayoutDoc = "Of the file at LayoutPath.";

    private protected const string PeakDoc = "Bytes of tensors at the peak of a run. What kernels take for themselves while they work is not in it; see RequiredBytes. Of the portable file, whichever is loaded.";

    private protected const string WeightDoc = "Bytes of the weights. Of the portable file, whichever is loaded.";

    private protected const string OptionsDoc = "Session options under which ONNX Runtime needs what RequiredBytes says. Add to them what the app needs.";

    private protected const string BlockDoc = "Bytes of the block in which a run takes place, kernels' workspace included; runs that go on at a time need one each. 0 where none was planned.";

    private protected const string PlannedDoc = "A session that runs the optimized model in one block of BlockBytes bytes.";

    private protected const string PlannedOptionsDoc = "How memory is taken and shared, and how many runs may go on at a time";

    private protected const string SizedRequiredDoc = "Bytes that a run needs beside the weights in the file that needs most.";

    private protected const string PathForDoc = "Absolute path of the smallest file that takes inputs of some sizes.";

    private protected const string SizedRequiredForDoc = "Bytes that a run needs beside the weights with inputs of some sizes: those of the file at PathFor.";

    private protected const string SizedSessionDoc = "A session that runs each call on the smallest file that its inputs fit into. It loads a file when it is first needed.";

    private protected const string ShapeDoc = "Dimensions; -1 for one that is open.";

    // Settings that a manifest can ask for, and how each value is written, which is the same in all languages but for the names of enumerations. Only these are ever emitted.
    private static readonly Dictionary<string, Func<string, string?>> _settings = new(StringComparer.Ordinal)
    {
        ["EnableCpuMemArena"] = Boolean,
        ["EnableMemoryPattern"] = Boolean,
        ["ExecutionMode"] = value => value is "ORT_SEQUENTIAL" or "ORT_PARALLEL" ? "ExecutionMode." + value : null,
        ["InterOpNumThreads"] = Number,
        ["IntraOpNumThreads"] = Number,
        ["GraphOptimizationLevel"] = value => value is "ORT_DISABLE_ALL" or "ORT_ENABLE_BASIC" or "ORT_ENABLE_EXTENDED" or "ORT_ENABLE_LAYOUT" or "ORT_ENABLE_ALL"
            ? "GraphOptimizationLevel." + value : null,
    };

    // Entries of a session's configuration that a manifest can ask for, with their values.
    private static readonly Dictionary<string, string[]> _configuration = new(StringComparer.Ordinal) { ["mlas.disable_kleidiai"] = ["0", "1"], ["session.disable_prepacking"] = ["0", "1"] };

    /// <summary>The language of a project; null if there is none for it.</summary>
    /// <param name="name">MSBuild's <c>Language</c>.</param>
    /// <param name="version">MSBuild's <c>LangVersion</c>.</param>
    public static CodeLanguage? Of(string name, string version) => name switch
    {
        "C#" => new CSharpCode(HasGlobalUsings(version)),
        "F#" => new FSharpCode(),
        "VB" => new VisualBasicCode(),
        _ => null,
    };

    /// <summary>The source text, with LF line ends.</summary>
    /// <param name="models">The models.</param>
    /// <param name="codeNamespace">Namespace of the class or module; empty for the global one.</param>
    /// <param name="sized">Models that were written for several sizes, each file of which is one of <paramref name="models"/>; null for none.</param>
    public abstract string Write(IReadOnlyList<ModelCode> models, string codeNamespace, IReadOnlyList<SizedModelCode>? sized = null);

    /// <summary>Whether a name could be a word of C# or F#: those are all of small letters. What is escaped without need means the same.</summary>
    protected static bool CouldBeKeyword(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length > 0 && name.All(char.IsAsciiLetterLower);
    }

    /// <summary>Options that can be written, each with its value as code; names of enumerations' values without their namespace.</summary>
    private protected static IEnumerable<(string Option, string Value, bool IsEnum)> Options(ModelCode model)
    {
        foreach ((string option, string value) in model.SessionOptions ?? [])
        {
            if (_settings.TryGetValue(option, out Func<string, string?>? write) && write(value) is { } text)
                yield return (option, text, text.Contains('.', StringComparison.Ordinal));
        }
    }

    /// <summary>Configuration entries that can be written.</summary>
    private protected static IEnumerable<KeyValuePair<string, string>> ConfigurationOf(ModelCode model) =>
        (model.SessionOptions ?? []).Where(o => _configuration.TryGetValue(o.Key, out string[]? values) && values.Contains(o.Value));

    /// <summary>A literal as C# and F# write it; file names may hold anything.</summary>
    private protected static string Literal(string text)
    {
        StringBuilder literal = new("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                literal.Append('\\').Append(c);
            else if (!IsPlain(c))
                literal.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                literal.Append(c);
        }
        return literal.Append('"').ToString();
    }

    /// <summary>Text in an XML comment.</summary>
    private protected static string Xml(string text) => new(
        [.. text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Select(c => IsPlain(c) ? c : ' ')]);

    /// <summary>Names of a model's layouts as arguments.</summary>
    private protected static string LayoutNames(ModelCode model) => string.Concat(model.Layouts.Select(l => $", \"{l.Name}\""));

    /// <summary>What a tensor is, for its comment.</summary>
    private protected static string Describe(TensorCode tensor) =>
        Xml(tensor.Shape is null ? tensor.ElementType ?? "not a tensor" : $"{tensor.ElementType}[{string.Join(',', tensor.Shape.Select(d => d < 0 ? "?" : d.ToString(CultureInfo.InvariantCulture)))}]");

    /// <summary>Numbers with commas between.</summary>
    private protected static string Numbers(IEnumerable<long> numbers, string separator, string suffix) =>
        string.Join(separator, numbers.Select(n => n.ToString(CultureInfo.InvariantCulture) + suffix));

    /// <summary>False for what ends a line or is not seen.</summary>
    private protected static bool IsPlain(char c) => !char.IsControl(c) && !char.IsSurrogate(c) && char.GetUnicodeCategory(c) is not
        (UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format);

    /// <summary>What a model in several sizes is, for its comment.</summary>
    private protected static string Describe(SizedModelCode model) => Xml($"{model.TargetPath}, in a file for each of {model.SizesText}");

    /// <summary>What a parameter for a size is, for its comment.</summary>
    private protected static string Describe(SizedDimensionCode dimension) => Xml($"Size of dimension {dimension.Name}.");

    /// <summary>What is said where no file takes some sizes.</summary>
    private protected static string NoFile(SizedModelCode model) =>
        $"No file of {model.TargetPath} takes these sizes. It was written for {model.SizesText}.{(model.Pads ? "" : " Pad on the SerenityModel item would let smaller ones be filled up.")}";

    private static string? Number(string value) => value.Length is > 0 and < 6 && value.All(char.IsAsciiDigit) ? value : null;

    private static string? Boolean(string value) => value is "true" or "false" ? value : null;

    // C# 10.
    private static bool HasGlobalUsings(string version) => version is "latest" or "latestmajor" or "preview" or "default"
        || (decimal.TryParse(version, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) && number >= 10);
}
