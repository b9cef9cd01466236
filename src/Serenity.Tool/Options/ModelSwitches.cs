using System.CommandLine;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Options;

/// <summary>Options that shape a result: those of the <c>SerenityModel</c> item, read by the same code, with the same defaults; and the plan cache.</summary>
/// <param name="withFormat">False for a command of which <c>--format</c> is how its results are written.</param>
internal sealed class ModelSwitches(bool withFormat)
{
    private readonly IReadOnlyList<OptionSwitch> _switches =
    [
        .. ModelOptions.All.Where(o => o is { Switch: not null, Effect: OptionEffect.Result or OptionEffect.Choice } && (withFormat || o != ModelOptions.Format)).Select(o => new OptionSwitch(o)),
    ];

    private readonly Option<string> _cache = new("--cache") { HelpName = "folder", Description = "Keep results in this folder and take them from there, as the build does." };

    private readonly Option<bool> _inProcess = new("--in-process") { Description = "Work on the model in this process, which it may then crash: a little faster, for models you trust." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (OptionSwitch option in _switches)
            command.Add(option.Parsed);
        command.Add(_inProcess);
        command.Add(_cache);
    }

    /// <summary>What was said.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="given">The model as the user named it.</param>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1101: a value is not understood.</exception>
    public OptionValues Read(ParseResult parsed, string given) => OptionValues.Read(
        _switches.Select(s => s.Described), option => _switches.First(s => s.Described == option).Text(parsed), _ => "", option => option.Switch!.Name, given);

    /// <summary>True if the model is to be worked on in this process.</summary>
    public bool InProcess(ParseResult parsed) => parsed.GetValue(_inProcess);

    /// <summary>Folder of the plan cache as given; null for none.</summary>
    public string? Cache(ParseResult parsed) => parsed.GetValue(_cache) is { Length: > 0 } folder ? folder : null;

    /// <summary>The memories that were given; null for none.</summary>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1101: they are not understood.</exception>
    public IReadOnlyList<DeviceMemory>? Memories(ParseResult parsed, string given) =>
        ModelOptions.Memories.Read(_switches.First(s => s.Described == ModelOptions.Memories).Text(parsed), ModelOptions.Memories.Switch!.Name, given);

    /// <summary>True if one of the options was given: they say nothing about a manifest, whose result is settled.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="butMemories">True where memories are what a plan is held against.</param>
    public bool AnyGiven(ParseResult parsed, bool butMemories = false) =>
        InProcess(parsed) || Cache(parsed) is not null || _switches.Any(s => s.Text(parsed).Length > 0 && !(butMemories && s.Described == ModelOptions.Memories));
}
