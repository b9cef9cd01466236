using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Items;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Options;

/// <summary>Budgets on the command line. A stated budget wins over the device's, as on an item.</summary>
internal sealed class BudgetOptions
{
    private readonly Option<string> _memory = new("--budget", "-b")
    {
        HelpName = "size",
        Description = "Memory budget for activations, such as 512KiB or 1.5MB.",
    };

    private readonly Option<string> _weights = new("--weight-budget") { HelpName = "size", Description = "Budget for weights." };

    private readonly Option<string> _device = new("--device")
    {
        HelpName = "name",
        Description = "A well-known device, whose memory is the budget; see 'devices'.",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_memory);
        command.Add(_weights);
        command.Add(_device);
    }

    /// <summary>The budgets that were given; null if none was.</summary>
    /// <exception cref="SerenityException">SER1101: a size is not understood; SER1102: no such device.</exception>
    public MemoryBudgets? Read(ParseResult parsed, string model)
    {
        MetadataReader reader = new(model, name => parsed.GetValue(name switch
        {
            "--budget" => _memory,
            "--weight-budget" => _weights,
            _ => _device,
        }) ?? "");
        string name = reader.Text("--device");
        Device? device = name.Length == 0 ? null : DeviceCatalog.Find(name) ?? throw new SerenityException(
            SerenityCodes.UnknownDevice, model,
            $"--device=\"{name}\" is not known. Give --budget, or use one of: {string.Join(", ", DeviceCatalog.Devices.Select(d => d.Name))}.");
        long? memory = reader.Size("--budget"), weights = reader.Size("--weight-budget");
        bool fromDevice = (memory is null && device?.MemoryBytes is not null) || (weights is null && device?.WeightBytes is not null);
        MemoryBudgets budgets = new(memory ?? device?.MemoryBytes, weights ?? device?.WeightBytes, fromDevice ? device!.Name : null);
        return budgets == MemoryBudgets.None ? null : budgets;
    }
}
