using Microsoft.Build.Framework;
using Serenity.Build.Budgets;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Results;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// Settles the budgets of a model. The most particular statement wins: the item's own budget, then its <c>Device</c>, then the project's
/// budget (<c>SerenityMemoryBudget</c>), then the project's device (<c>SerenityDevice</c> property). Memory and weights each on their own.
/// </summary>
public sealed class DeviceItems
{
    private static readonly ModelOption[] _read = [ModelOptions.MemoryBudget, ModelOptions.WeightBudget, ModelOptions.ProcessBudget, ModelOptions.Memories];

    private readonly Dictionary<string, Device> _devices = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<SerenityException>> _faults = new(StringComparer.OrdinalIgnoreCase);
    // The first item of each device that memories are of.
    private readonly Dictionary<string, string> _memoryItems = new(StringComparer.OrdinalIgnoreCase);
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
    /// <param name="memories"><c>SerenityMemory</c> items: a memory each, of the device that they name.</param>
    /// <param name="models">The project's models, one of which names a device that is made of such items alone; null where they are not all known.</param>
    /// <exception cref="SerenityException">SER1101: a budget of the project is not understood.</exception>
    public DeviceItems(
        IEnumerable<ITaskItem> devices, string memoryBudget, string weightBudget, string device, string processBudget = "", IEnumerable<ITaskItem>? memories = null,
        IEnumerable<ITaskItem>? models = null)
    {
        ArgumentNullException.ThrowIfNull(devices);
        ArgumentNullException.ThrowIfNull(device);
        Dictionary<string, List<DeviceMemory>> own = MemoryItems(memories ?? []);
        foreach (IGrouping<string, ITaskItem> same in devices.GroupBy(item => item.ItemSpec, StringComparer.OrdinalIgnoreCase))
        {
            // Twice the same is one device.
            string[] said = [.. same.Select(Stated).Distinct(StringComparer.Ordinal)];
            if (said.Length == 1)
                Add(same.First(), own);
            else
                Fault(same.Key, Ambiguous(same.Key, said));
        }
        HashSet<string> known = new((models ?? []).Select(m => m.GetMetadata(ModelOptions.Device.Name).Trim()).Append(device.Trim()), StringComparer.OrdinalIgnoreCase);
        foreach ((string name, List<DeviceMemory> listed) in own.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            if (models is not null && DeviceCatalog.Find(name) is null && !known.Contains(name))
                Fault(name, Unknown("SerenityMemory " + _memoryItems[name], name, known.Where(k => k.Length > 0)));
            else if (!_faults.ContainsKey(name))
                Tried(name, () => _devices[name] = WithMemories(name, listed));
        }
        _memoryDefault = ModelOptions.MemoryBudget.Read(memoryBudget, ModelOptions.MemoryBudget.Property!, "");
        _weightDefault = ModelOptions.WeightBudget.Read(weightBudget, ModelOptions.WeightBudget.Property!, "");
        _processDefault = ModelOptions.ProcessBudget.Read(processBudget, ModelOptions.ProcessBudget.Property!, "");
        _deviceDefault = device.Trim();
    }

    /// <summary>What is wrong with devices of the project and their memories, by their names. The models that do not name one of these are held to their budgets all the same.</summary>
    public IEnumerable<SerenityException> Faults => _faults.OrderBy(f => f.Key, StringComparer.Ordinal).SelectMany(f => f.Value);

    /// <summary>Where the item of a fault stands; null where that is not known.</summary>
    /// <param name="fault">One of <see cref="Faults"/>, whose file is the item's kind and name.</param>
    /// <param name="items">The items of devices and memories.</param>
    public static ProjectPlace? PlaceOf(SerenityException fault, IEnumerable<ITaskItem> items)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ArgumentNullException.ThrowIfNull(items);
        if (fault.File?.Split(' ', 2) is not [string type, string name])
            return null;
        string? file = items.Where(item => item.ItemSpec == name).Select(ItemElements.FileOf).FirstOrDefault(path => path.Length > 0);
        if (file is null)
            return null;
        bool IsIt(StatedItem stated) => stated.Type.Equals(type, StringComparison.OrdinalIgnoreCase) && stated.Place.File == file && stated.Includes(name);
        return ProjectFiles.Read([file]).OtherItems.FirstOrDefault(IsIt)?.Place ?? new ProjectPlace(file, 0, 0);
    }

    /// <summary>The budgets of a model.</summary>
    /// <exception cref="SerenityException">SER1101: a value is not understood; SER1102: no such device.</exception>
    public MemoryBudgets BudgetsOf(ITaskItem model)
    {
        ArgumentNullException.ThrowIfNull(model);
        T Read<T>(ModelOption<T> option) => option.Read(model.GetMetadata(option.Name), option.Name, model.ItemSpec);
        Device? own = Limiting(Find(Read(ModelOptions.Device), model.ItemSpec), model);
        Device? common = Limiting(Find(_deviceDefault, model.ItemSpec), model);
        (long? memory, string? memoryFrom) = First(Read(ModelOptions.MemoryBudget), own?.MemoryBytes, own, _memoryDefault, common?.MemoryBytes, common);
        (long? weights, string? weightsFrom) = First(Read(ModelOptions.WeightBudget), own?.WeightBytes, own, _weightDefault, common?.WeightBytes, common);
        (long? process, string? processFrom) = First(Read(ModelOptions.ProcessBudget), own?.ProcessBytes, own, _processDefault, common?.ProcessBytes, common);
        if (memory is null && (own ?? common) is { Memories.Count: > 0 } device && !HasOffsets(model))
            throw MemoriesHoldNothing(device, ExecutorOf(model), model.ItemSpec);
        // The device is named for the memory budget, which its memories are too; for the weights only where there is no other.
        string? from = memory is not null ? memoryFrom : MemoriesFrom(own ?? common, model) ?? (weights is not null ? weightsFrom : processFrom);
        return new MemoryBudgets(memory, weights, from, process);
    }

    /// <summary>What is wrong with what a model is to be held to; null if nothing is. To be asked before the model is planned, which may take long.</summary>
    public SerenityException? FaultOf(ITaskItem model)
    {
        try
        {
            BudgetsOf(model);
            return null;
        }
        catch (SerenityException fault)
        {
            return fault;
        }
    }

    /// <summary>Looks whether there is the device that a model is held to.</summary>
    /// <exception cref="SerenityException">SER1102: no such device; SER1101: something is wrong with it.</exception>
    public void Require(ITaskItem model) => DeviceOf(model);

    /// <summary>Has a model planned for the memories of its device, where it has several, the executor can tell them apart, and nothing is said of memories itself.</summary>
    /// <param name="model">The item; gets the metadata <c>Memories</c>.</param>
    /// <exception cref="SerenityException">SER1102: no such device.</exception>
    public void SettleMemories(ITaskItem model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.GetMetadata(ModelOptions.Memories.Name).Length > 0 || !HasOffsets(model))
            return;
        if (DeviceOf(model) is { Memories.Count: > 0 } device)
            model.SetMetadata(ModelOptions.Memories.Name, ModelOptions.Memories.Format(device.Memories));
    }

    private Device? DeviceOf(ITaskItem model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Find(ModelOptions.Device.Read(model.GetMetadata(ModelOptions.Device.Name), ModelOptions.Device.Name, model.ItemSpec), model.ItemSpec) ?? Find(_deviceDefault, model.ItemSpec);
    }

    // Where an item states memories itself they are no device's, unless they are the same.
    private static string? MemoriesFrom(Device? device, ITaskItem model) =>
        device is { Memories.Count: > 0 } && HasOffsets(model) && model.GetMetadata(ModelOptions.Memories.Name) == ModelOptions.Memories.Format(device.Memories) ? device.Name : null;

    private static string Stated(ITaskItem item) => string.Join(' ', _read.Select(option => (option.Name, Text: item.GetMetadata(option.Name).Trim())).Where(m => m.Text.Length > 0)
        .Select(m => $"{m.Name}=\"{m.Text}\""));

    private static SerenityException Ambiguous(string device, string[] said) => new(
        SerenityCodes.BadOption, "SerenityDevice " + device,
        $"There are several SerenityDevice items '{device}', which say different things: {string.Join("; ", said.Select(s => s.Length == 0 ? "nothing" : s))}. Nothing tells which of them holds. Leave one;"
        + $" where a file that is imported states the device, change it with <SerenityDevice Update=\"{device}\" … />.");

    // All that is wrong with an item is said at once.
    private void Add(ITaskItem item, Dictionary<string, List<DeviceMemory>> own)
    {
        string device = item.ItemSpec, name = "SerenityDevice " + device;
        own.Remove(device, out List<DeviceMemory>? listed);
        long? Size(ModelOption<long?> option) => Tried(device, () => option.Read(item.GetMetadata(option.Name), option.Name, name));
        IReadOnlyList<DeviceMemory> stated = Tried(device, () => ModelOptions.Memories.Read(item.GetMetadata(ModelOptions.Memories.Name), ModelOptions.Memories.Name, name)) ?? [];
        if (listed is not null)
            stated = Tried(device, () => Checked([.. stated, .. listed], name)) ?? [];
        Device made = new(device, Size(ModelOptions.MemoryBudget), Size(ModelOptions.WeightBudget), "this project", Size(ModelOptions.ProcessBudget)) { Memories = stated };
        if (_faults.ContainsKey(device))
            return;
        if (made is not { MemoryBytes: null, WeightBytes: null, ProcessBytes: null, Memories: [] })
        {
            _devices[device] = made;
            return;
        }
        Fault(device, new SerenityException(
            SerenityCodes.BadOption, name,
            $"The SerenityDevice item '{device}' has neither MemoryBudget nor WeightBudget nor ProcessBudget, nor memories, so no model would be held to anything. Give it one of them, such as MemoryBudget=\"320KiB\"."));
    }

    private T? Tried<T>(string device, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SerenityException fault)
        {
            Fault(device, fault);
            return default;
        }
    }

    private void Fault(string of, SerenityException fault)
    {
        if (!_faults.TryGetValue(of, out List<SerenityException>? faults))
            _faults.Add(of, faults = []);
        faults.Add(fault);
    }

    // Each memory is then a budget of its own.
    private static Device? Limiting(Device? device, ITaskItem model) =>
        device is { Memories.Count: > 0 } && HasOffsets(model) ? device with { MemoryBytes = null } : device;

    private static bool HasOffsets(ITaskItem model) =>
        ExecutorTable.All.Any(e => e.Traits() is { HasOffsets: true } traits && traits.Name.Equals(ExecutorOf(model), StringComparison.OrdinalIgnoreCase));

    private static string ExecutorOf(ITaskItem model) => model.GetMetadata(ModelOptions.Executor.Name).Trim() is { Length: > 0 } stated ? stated : ModelOptions.Executor.Default.Traits().Name;

    /// <summary>A device of memories alone; a well-known one keeps its budgets, and its memories but those that are stated anew by name.</summary>
    private static Device WithMemories(string name, IReadOnlyList<DeviceMemory> listed)
    {
        Device device = DeviceCatalog.Find(name) ?? new Device(name, null, null, "this project");
        IEnumerable<DeviceMemory> kept = device.Memories.Where(known => !listed.Any(m => m.Name.Equals(known.Name, StringComparison.OrdinalIgnoreCase)));
        return device with { Memories = Checked([.. kept, .. listed], "SerenityMemory of " + name) };
    }

    private static SerenityException MemoriesHoldNothing(Device device, string executor, string file) => new(
        SerenityCodes.BadOption, file,
        $"Device=\"{device.Name}\" states memories and no MemoryBudget, so nothing limits the model's activations: with Executor=\"{executor}\" the runtime places the tensors itself, in one memory."
        + $" Give the device MemoryBudget=\"…\", the memory that the runtime has, or the model one of its own, or let it be placed with Executor=\"StaticArena\".");

    /// <summary>The memories of each device; what is wrong with one is a fault of its device, or of its own where it names none.</summary>
    private Dictionary<string, List<DeviceMemory>> MemoryItems(IEnumerable<ITaskItem> items)
    {
        Dictionary<string, List<DeviceMemory>> memories = new(StringComparer.OrdinalIgnoreCase);
        foreach (ITaskItem item in items)
        {
            string name = "SerenityMemory " + item.ItemSpec, device = item.GetMetadata("Device").Trim();
            if (device.Length == 0)
            {
                Fault(name, new SerenityException(SerenityCodes.BadOption, name, $"The SerenityMemory item '{item.ItemSpec}' does not say of which device it is. Give it Device=\"…\", the name of a SerenityDevice item or of one of its own."));
                continue;
            }
            if (!memories.TryGetValue(device, out List<DeviceMemory>? list))
                memories.Add(device, list = []);
            _memoryItems.TryAdd(device, item.ItemSpec);
            try
            {
                list.Add(MemoriesSyntax.Memory(item.ItemSpec, item.GetMetadata("Size"), item.GetMetadata("Cost") is { Length: > 0 } cost ? cost : "1", item.GetMetadata("Holds")));
            }
            catch (FormatException problem)
            {
                Fault(device, new SerenityException(SerenityCodes.BadOption, name, $"The SerenityMemory item '{item.ItemSpec}' is not understood: {problem.Message}."));
            }
        }
        return memories;
    }

    private static IReadOnlyList<DeviceMemory> Checked(IReadOnlyList<DeviceMemory> memories, string name)
    {
        try
        {
            MemoriesSyntax.Check(memories);
            return memories;
        }
        catch (FormatException problem)
        {
            throw new SerenityException(SerenityCodes.BadOption, name, $"The memories of the device are not understood: {problem.Message}.");
        }
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
        if (_faults.ContainsKey(name))
            throw new SerenityException(SerenityCodes.BadOption, file, $"Device=\"{name}\" is not held to anything: what is wrong with that SerenityDevice item, or with a SerenityMemory of it, is said in an error of its own. Mend it there.");
        if (DeviceCatalog.Find(name) is { } known)
            return known;
        throw Unknown(file, name, []);
    }

    private SerenityException Unknown(string file, string name, IEnumerable<string> named)
    {
        string[] names = [.. _devices.Keys.Concat(DeviceCatalog.Devices.Select(d => d.Name)).Concat(named).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
        return new SerenityException(
            SerenityCodes.UnknownDevice, file,
            $"Device=\"{name}\" is not known.{NearestName.Question(name, names)} Add <SerenityDevice Include=\"{name}\" MemoryBudget=\"…\" />, or use one of: "
            + string.Join(", ", names) + ".");
    }
}
