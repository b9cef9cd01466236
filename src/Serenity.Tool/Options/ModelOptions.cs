using System.CommandLine;
using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Options;

/// <summary>Options that shape a result: those of the <c>SerenityModel</c> item, read by the same code, with the same defaults.</summary>
internal sealed class ModelOptions
{
    private const int LargestAlignment = 4096;

    private readonly Dictionary<string, Option<string>> _values = new(StringComparer.Ordinal);
    private readonly Option<string[]> _dimensions = new("--free-dimensions", "-d")
    {
        Description = "Sizes of symbolic dimensions: batch=1. May be repeated, or joined with ';'.",
        HelpName = "name=size",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _noFuse = new("--no-fuse") { Description = "Leave ONNX Runtime's fusions out." };
    private readonly Option<bool> _noVerify = new("--no-verify") { Description = "Do not run original and optimized model to compare them." };

    private readonly Option<bool> _inProcess = new("--in-process") { Description = "Work on the model in this process, which it may then crash: a little faster, for models you trust." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        Add(command, "--executor", "-e", "OnnxRuntime|StaticArena", "Who runs the model. Default: OnnxRuntime.");
        Add(command, "--rewrite", "-r", "None|Exact|All", "Which rewrites may be applied. Default: All.");
        command.Add(_noFuse);
        command.Add(_noVerify);
        command.Add(_dimensions);
        Add(command, "--search-limit", null, "states", "Limit of the search for the best order, in states.");
        Add(command, "--work-limit", null, "times", "How much work a run may be at most, as a multiple, where the budget needs it. Default: 1.1.");
        Add(command, "--alignment", null, "bytes", "Alignment of arena offsets (StaticArena). Default: 16.");
        command.Add(_inProcess);
        Add(command, "--cache", null, "folder", "Keep results in this folder and take them from there, as the build does.");
    }

    /// <summary>What is asked of the optimizer.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="given">The model as the user named it.</param>
    /// <param name="path">Its absolute path.</param>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1101: a value is not understood.</exception>
    public OptimizeRequest Request(ParseResult parsed, string given, string path)
    {
        MetadataReader reader = new(given, name => name == _dimensions.Name
            ? string.Join(';', parsed.GetValue(_dimensions) ?? [])
            : parsed.GetValue(_values[name]) ?? "");
        return new OptimizeRequest
        {
            ModelPath = path,
            Executor = reader.Choice("--executor", Executor.OnnxRuntime),
            Rewrite = reader.Choice("--rewrite", RewriteLevel.All),
            Fuse = !parsed.GetValue(_noFuse),
            Verify = !parsed.GetValue(_noVerify),
            FreeDimensions = reader.Dimensions(_dimensions.Name),
            SearchLimit = reader.PositiveNumber("--search-limit"),
            Alignment = reader.PowerOfTwo("--alignment", 16, LargestAlignment),
        };
    }

    /// <summary>How much work a run may be where the budget needs it.</summary>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1101: the value is not understood.</exception>
    public double WorkLimit(ParseResult parsed, string given) =>
        new MetadataReader(given, name => parsed.GetValue(_values[name]) ?? "").Multiple("--work-limit", ModelItem.DefaultWorkLimit);

    /// <summary>True if the model is to be worked on in this process.</summary>
    public bool InProcess(ParseResult parsed) => parsed.GetValue(_inProcess);

    /// <summary>Folder of the plan cache as given; null for none.</summary>
    public string? Cache(ParseResult parsed) => parsed.GetValue(_values["--cache"]) is { Length: > 0 } folder ? folder : null;

    /// <summary>True if one of the options was given: they say nothing about a manifest, whose result is settled.</summary>
    public bool AnyGiven(ParseResult parsed) => parsed.GetValue(_noFuse) || parsed.GetValue(_noVerify) || parsed.GetValue(_inProcess)
        || parsed.GetValue(_dimensions) is { Length: > 0 } || _values.Values.Any(option => parsed.GetValue(option) is { Length: > 0 });

    private void Add(Command command, string name, string? alias, string value, string description)
    {
        Option<string> option = alias is null ? new(name) : new(name, alias);
        option.HelpName = value;
        option.Description = description;
        _values.Add(name, option);
        command.Add(option);
    }
}
