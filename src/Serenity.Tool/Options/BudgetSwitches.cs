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
    /// <exception cref="SerenityException">SER1101: a size is not understood; SER1102: no such device.</exception>
    public MemoryBudgets? Read(ParseResult parsed, string model)
    {
        T Value<T>(ModelOption<T> option, OptionSwitch from) => option.Read(from.Text(parsed), option.Switch!.Name, model);
        string name = Value(ModelOptions.Device, _device);
        Device? device = name.Length == 0 ? null : DeviceCatalog.Find(name) ?? throw new SerenityException(
            SerenityCodes.UnknownDevice, model,
            $"--device=\"{name}\" is not known.{NearestName.Question(name, DeviceCatalog.Devices.Select(d => d.Name))} Give --budget, or use one of: {string.Join(", ", DeviceCatalog.Devices.Select(d => d.Name))}.");
        long? memory = Value(ModelOptions.MemoryBudget, _memory), weights = Value(ModelOptions.WeightBudget, _weights);
        bool fromDevice = (memory is null && device?.MemoryBytes is not null) || (weights is null && device?.WeightBytes is not null) || (memory is null && device is { Memories.Count: > 0 });
        MemoryBudgets budgets = new(memory ?? device?.MemoryBytes, weights ?? device?.WeightBytes, fromDevice ? device!.Name : null, Value(ModelOptions.ProcessBudget, _process));
        return budgets == MemoryBudgets.None ? null : budgets;
    }
}
