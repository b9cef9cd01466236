using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Options;

/// <summary>Soft limits on the command line.</summary>
internal sealed class LimitSwitches
{
    private readonly OptionSwitch _warnAt = new(ModelOptions.WarnAt), _baseline = new(ModelOptions.Baseline), _tolerance = new(ModelOptions.BaselineTolerance);

    private readonly Option<bool> _update = new("--update-baseline") { Description = "Put what the models need now into the baseline, instead of holding them to it." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (OptionSwitch option in (OptionSwitch[])[_warnAt, _baseline, _tolerance])
            command.Add(option.Parsed);
        command.Add(_update);
    }

    /// <summary>What was said.</summary>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1101: a value is not understood.</exception>
    public Limits Read(ParseResult parsed, ToolContext context, MemoryBudgets? budgets)
    {
        T Value<T>(ModelOption<T> option, OptionSwitch from) => option.Read(from.Text(parsed), option.Switch!.Name, null);
        string baseline = Value(ModelOptions.Baseline, _baseline);
        return new Limits(budgets, Value(ModelOptions.WarnAt, _warnAt), baseline.Length == 0 ? null : context.PathOf(baseline), Value(ModelOptions.BaselineTolerance, _tolerance),
            !parsed.GetValue(_update));
    }

    /// <summary>True if the baseline is to be updated.</summary>
    public bool Updates(ParseResult parsed) => parsed.GetValue(_update);
}
