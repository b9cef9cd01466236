using System.CommandLine;
using Serenity.Build.Options;

namespace Serenity.Tool.Options;

/// <summary>One option of a model, as System.CommandLine knows it.</summary>
internal sealed class OptionSwitch
{
    private readonly Option<bool>? _flag;
    private readonly Option<string>? _value;
    private readonly Option<string[]>? _values;

    /// <summary>Makes the switch of an option that has one.</summary>
    public OptionSwitch(ModelOption option)
    {
        CommandLineSwitch known = option.Switch ?? throw new ArgumentException($"{option.Name} is not on the command line.", nameof(option));
        Described = option;
        string[] aliases = known.Alias is { } alias ? [alias] : [];
        string help = known.Help ?? option.Summary;
        if (option is ModelOption<bool> flag)
        {
            // A flag is there to change the default; what it is when it is on, the summary says.
            _flag = new(known.Name, aliases) { Description = flag.Default && known.Help is null ? throw new ArgumentException($"{option.Name} is on by default, and nothing says what {known.Name} does.", nameof(option)) : help };
            return;
        }
        help += option.DefaultText is { } text ? $" Default: {text}." : "";
        string name = known.ValueName ?? option.Syntax.ValueName;
        if (known.Repeats)
            _values = new(known.Name, aliases) { HelpName = name, Description = help + " May be repeated.", AllowMultipleArgumentsPerToken = false };
        else
            _value = new(known.Name, aliases) { HelpName = name, Description = help };
    }

    /// <summary>The option.</summary>
    public ModelOption Described { get; }

    /// <summary>What the parser knows it as.</summary>
    public Option Parsed => _flag ?? _value ?? (Option)_values!;

    /// <summary>The value that was given, as an item would say it; empty if none was.</summary>
    public string Text(ParseResult parsed)
    {
        if (_flag is not null)
            return parsed.GetValue(_flag) ? (((ModelOption<bool>)Described).Default ? "false" : "true") : "";
        return _value is not null ? parsed.GetValue(_value) ?? "" : string.Join(';', parsed.GetValue(_values!) ?? []);
    }
}
