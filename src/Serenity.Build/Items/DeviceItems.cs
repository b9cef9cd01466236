using Microsoft.Build.Framework;
using Serenity.Build.Budgets;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// Settles the budgets of a model. The most particular statement wins: the item's own budget, then its <c>Device</c>, then the project's
/// budget (<c>SerenityMemoryBudget</c>), then the project's device (<c>SerenityDevice</c> property). Memory and weights each on their own.
/// </summary>
public sealed class DeviceItems
{
    private readonly Dictionary<string, Device> _devices = new(StringComparer.OrdinalIgnoreCase);
    private readonly long? _memoryDefault;
    private readonly long? _weightDefault;
    private readonly long? _processDefault;
    private readonly string _deviceDefault;

    /// <summary>Reads the project's devices and defaults.</summary>
    /// <param name="devices"><c>SerenityDevice</c> items; one with the name of a well-known device replaces it.</param>
    /// <param name="memoryBudget">The project's memory budget; empty if none.</param>
    /// <param name="weightBudget">The project's weight budget; empty if none.</param>
    /// <param name="device">The project's device; empty if none.</param>
    /// <param name="processBudget">The project's budget for the process; empty if none.</param>
    /// <exception cref="SerenityException">SER1101: a value is not understood, or a device has no budget.</exception>
    public DeviceItems(IEnumerable<ITaskItem> devices, string memoryBudget, string weightBudget, string device, string processBudget = "")
    {
        ArgumentNullException.ThrowIfNull(devices);
        foreach (ITaskItem item in devices)
        {
            string name = "SerenityDevice " + item.ItemSpec;
            long? Size(ModelOption<long?> option) => option.Read(item.GetMetadata(option.Name), option.Name, name);
            Device own = new(item.ItemSpec, Size(ModelOptions.MemoryBudget), Size(ModelOptions.WeightBudget), "this project", Size(ModelOptions.ProcessBudget));
            if (own is { MemoryBytes: null, WeightBytes: null, ProcessBytes: null })
            {
                throw new SerenityException(
                    SerenityCodes.BadOption, name,
                    $"The SerenityDevice item '{item.ItemSpec}' has neither MemoryBudget nor WeightBudget nor ProcessBudget, so no model would be held to anything. Give it one of them, such as MemoryBudget=\"320KiB\".");
            }
            _devices[item.ItemSpec] = own;
        }
        _memoryDefault = ModelOptions.MemoryBudget.Read(memoryBudget, ModelOptions.MemoryBudget.Property!, "");
        _weightDefault = ModelOptions.WeightBudget.Read(weightBudget, ModelOptions.WeightBudget.Property!, "");
        _processDefault = ModelOptions.ProcessBudget.Read(processBudget, ModelOptions.ProcessBudget.Property!, "");
        _deviceDefault = device.Trim();
    }

    /// <summary>The budgets of a model.</summary>
    /// <exception cref="SerenityException">SER1101: a value is not understood; SER1102: no such device.</exception>
    public MemoryBudgets BudgetsOf(ITaskItem model)
    {
        ArgumentNullException.ThrowIfNull(model);
        T Read<T>(ModelOption<T> option) => option.Read(model.GetMetadata(option.Name), option.Name, model.ItemSpec);
        Device? own = Find(Read(ModelOptions.Device), model.ItemSpec);
        Device? common = Find(_deviceDefault, model.ItemSpec);
        (long? memory, string? memoryFrom) = First(Read(ModelOptions.MemoryBudget), own?.MemoryBytes, own, _memoryDefault, common?.MemoryBytes, common);
        (long? weights, string? weightsFrom) = First(Read(ModelOptions.WeightBudget), own?.WeightBytes, own, _weightDefault, common?.WeightBytes, common);
        (long? process, string? processFrom) = First(Read(ModelOptions.ProcessBudget), own?.ProcessBytes, own, _processDefault, common?.ProcessBytes, common);
        // The device is named for the memory budget; for the weights only where there is no other.
        return new MemoryBudgets(memory, weights, memory is not null ? memoryFrom : weights is not null ? weightsFrom : processFrom, process);
    }

    private static (long? Bytes, string? Device) First(
        long? item, long? ownDevice, Device? own, long? project, long? commonDevice, Device? common) =>
        item is not null ? (item, null)
        : ownDevice is not null ? (ownDevice, own!.Name)
        : project is not null ? (project, null)
        : commonDevice is not null ? (commonDevice, common!.Name)
        : (null, null);

    private Device? Find(string name, string file)
    {
        if (name.Length == 0)
            return null;
        if (_devices.TryGetValue(name, out Device? device))
            return device;
        if (DeviceCatalog.Find(name) is { } known)
            return known;
        string[] names = [.. _devices.Keys.Concat(DeviceCatalog.Devices.Select(d => d.Name)).Order(StringComparer.Ordinal)];
        throw new SerenityException(
            SerenityCodes.UnknownDevice, file,
            $"Device=\"{name}\" is not known.{NearestName.Question(name, names)} Add <SerenityDevice Include=\"{name}\" MemoryBudget=\"…\" />, or use one of: "
            + string.Join(", ", names) + ".");
    }
}
