using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Diagnostics;
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
    /// <exception cref="WrongOptionsException">SER1101: values are not understood.</exception>
    public Limits Read(ParseResult parsed, ToolContext context, MemoryBudgets? budgets)
    {
        OptionFaults faults = new();
        T? Value<T>(ModelOption<T> option, OptionSwitch from) => faults.Of(() => option.Read(from.Text(parsed), option.Switch!.Name, null));
        string? baseline = Value(ModelOptions.Baseline, _baseline);
        double? warnAt = Value(ModelOptions.WarnAt, _warnAt);
        Tolerance? tolerance = Value(ModelOptions.BaselineTolerance, _tolerance);
        bool updates = parsed.GetValue(_update);
        if (updates && string.IsNullOrEmpty(baseline))
            faults.Add(new SerenityException(SerenityCodes.BadOption, null, "--update-baseline needs --baseline, the file to update."));
        faults.Throw();
        return new Limits(budgets, warnAt, string.IsNullOrEmpty(baseline) ? null : context.PathOf(baseline), tolerance!, !updates);
    }

    /// <summary>True if the baseline is to be updated.</summary>
    public bool Updates(ParseResult parsed) => parsed.GetValue(_update);
}
