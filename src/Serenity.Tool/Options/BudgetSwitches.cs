using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Options;

/// <summary>Budgets on the command line. A stated budget wins over the device's, as on an item.</summary>
internal sealed class BudgetSwitches
{
    private readonly OptionSwitch _memory = new(ModelOptions.MemoryBudget), _weights = new(ModelOptions.WeightBudget), _process = new(ModelOptions.ProcessBudget), _device = new(ModelOptions.Device);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (OptionSwitch option in (OptionSwitch[])[_memory, _weights, _process, _device])
            command.Add(option.Parsed);
    }

    /// <summary>The budgets that were given; null if none was.</summary>
    /// <exception cref="WrongOptionsException">SER1101: sizes are not understood; SER1102: no such device.</exception>
    public MemoryBudgets? Read(ParseResult parsed, string model)
    {
        OptionFaults faults = new();
        T? Value<T>(ModelOption<T> option, OptionSwitch from) => faults.Of(() => option.Read(from.Text(parsed), option.Switch!.Name, model));
        string? name = Value(ModelOptions.Device, _device);
        Device? device = string.IsNullOrEmpty(name) ? null : faults.Of(() => DeviceCatalog.Find(name) ?? throw new SerenityException(
            SerenityCodes.UnknownDevice, model,
            $"--device=\"{name}\" is not known.{NearestName.Question(name, DeviceCatalog.Devices.Select(d => d.Name))} Give --budget, or use one of: {string.Join(", ", DeviceCatalog.Devices.Select(d => d.Name))}."));
        long? memory = Value(ModelOptions.MemoryBudget, _memory), weights = Value(ModelOptions.WeightBudget, _weights), process = Value(ModelOptions.ProcessBudget, _process);
        faults.Throw();
        bool fromDevice = (memory is null && device?.MemoryBytes is not null) || (weights is null && device?.WeightBytes is not null) || (memory is null && device is { Memories.Count: > 0 });
        MemoryBudgets budgets = new(memory ?? device?.MemoryBytes, weights ?? device?.WeightBytes, fromDevice ? device!.Name : null, process);
        return budgets == MemoryBudgets.None ? null : budgets;
    }
}
