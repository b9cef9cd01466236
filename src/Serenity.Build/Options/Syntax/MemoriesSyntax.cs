using System.Globalization;
using System.Text.Json;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Options.Syntax;

/// <summary>Memories of a device, as <c>DTCM=128KiB@1;AXI=512KiB@2;FLASH=2MiB@4:weights</c>: name, size, cost of an access, and what it holds; null for none.</summary>
public sealed class MemoriesSyntax : OptionSyntax<IReadOnlyList<DeviceMemory>?>
{
    private const int Most = 16, LongestName = 32;
    private const double LargestCost = 1_000_000;

    /// <inheritdoc/>
    public override string ValueName => "name=size@cost";

    /// <inheritdoc/>
    public override string Schema => """
        { "type": "array", "items": { "type": "object", "required": ["name", "bytes", "cost", "holds"], "properties": {
          "name": { "type": "string" }, "bytes": { "type": "integer", "minimum": 1 }, "cost": { "type": "number", "exclusiveMinimum": 0 }, "holds": { "enum": ["activations", "weights", "both"] } } } }
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<DeviceMemory> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<DeviceMemory> memories = [];
        List<string> problems = [];
        foreach (string part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                memories.Add(One(part));
            }
            catch (FormatException problem)
            {
                problems.Add(problem.Message);
            }
        }
        if (problems.Count > 0)
            throw new FormatException(string.Join("; ", problems));
        Check(memories);
        return memories;
    }

    private static DeviceMemory One(string part)
    {
        int equals = part.IndexOf('='), at = part.IndexOf('@'), colon = part.IndexOf(':');
        // An access costs 1 where nothing is said of it.
        int end = colon < 0 ? part.Length : colon, size = at < 0 ? end : at;
        return equals < 0 || (at >= 0 && (at < equals || at > end)) || end < equals
            ? throw new FormatException($"'{part}' is not of the form name=size@cost, as in DTCM=128KiB@1, with :weights or :both behind it for a memory that weights may lie in")
            : Memory(part[..equals], part[(equals + 1)..size], at < 0 ? "1" : part[(at + 1)..end], colon < 0 ? "" : part[(colon + 1)..]);
    }

    /// <summary>One memory from its parts.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="size">Its size.</param>
    /// <param name="cost">Cost of an access.</param>
    /// <param name="holds">What it holds; empty for activations.</param>
    /// <exception cref="FormatException">Some of them are not understood; says of each what is wrong with it.</exception>
    public static DeviceMemory Memory(string name, string size, string cost, string holds)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(size);
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(holds);
        name = name.Trim();
        List<string> problems = [];
        if (name.Length is 0 or > LongestName || !char.IsAsciiLetter(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
            problems.Add($"'{name}' is no name of a memory: it begins with a letter and has letters, digits, '_', '-' and '.', {LongestName} at most");
        if (!ByteSize.TryParse(size, out long bytes) || bytes > 1L << 46)
            problems.Add($"'{size.Trim()}' of {name} is no size such as 128KiB; the units are {ByteSize.UnitNames}");
        if (!decimal.TryParse(cost, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal number)
            || number <= 0 || (double)number > LargestCost || decimal.Round(number, 3) != number)
        {
            problems.Add($"'{cost.Trim()}' of {name} is no cost of an access: it is a number above 0, with three decimals at most, relative to the other memories");
        }
        MemoryUse? use = holds.Trim().ToLowerInvariant() switch
        {
            "" or "activations" => MemoryUse.Activations,
            "weights" => MemoryUse.Weights,
            "both" => MemoryUse.Both,
            _ => null,
        };
        if (use is null)
            problems.Add($"'{holds.Trim()}' of {name} is not what a memory can hold: activations, weights or both");
        if (problems.Count > 0)
            throw new FormatException(string.Join("; ", problems));
        return new DeviceMemory(name, bytes, (double)number, use!.Value);
    }

    /// <summary>Looks at a list of memories.</summary>
    /// <exception cref="FormatException">Two have one name, there are too many, or none is for activations.</exception>
    public static void Check(IReadOnlyList<DeviceMemory> memories)
    {
        ArgumentNullException.ThrowIfNull(memories);
        List<string> problems = [];
        if (memories.Count > Most)
            problems.Add($"there can be {Most} memories at most");
        problems.AddRange(memories.GroupBy(m => m.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1).Select(g => $"'{g.Key}' is given twice"));
        if (memories.All(m => m.Holds == MemoryUse.Weights))
            problems.Add("one memory at least must hold activations");
        if (problems.Count > 0)
            throw new FormatException(string.Join("; ", problems));
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyList<DeviceMemory>? value) => string.Join(';', value!.Select(m => string.Create(
        CultureInfo.InvariantCulture, $"{m.Name}={m.Bytes}@{m.Cost:0.###}{(m.Holds == MemoryUse.Activations ? "" : ":" + NameOf(m.Holds))}")));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyList<DeviceMemory>? value)
    {
        json.WriteStartArray();
        foreach (DeviceMemory memory in value!)
        {
            json.WriteStartObject();
            json.WriteString("name", memory.Name);
            json.WriteNumber("bytes", memory.Bytes);
            json.WriteNumber("cost", memory.Cost);
            json.WriteString("holds", NameOf(memory.Holds));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<DeviceMemory> Read(JsonElement json) => [.. json.EnumerateArray().Select(m => new DeviceMemory(
        m.GetProperty("name").GetString() ?? "", m.GetProperty("bytes").GetInt64(), m.GetProperty("cost").GetDouble(), UseOf(m.GetProperty("holds").GetString())))];

    /// <summary>"activations", "weights", "both".</summary>
    public static string NameOf(MemoryUse use) => use.ToString().ToLowerInvariant();

    /// <summary>The use of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static MemoryUse UseOf(string? name) => name switch
    {
        "activations" => MemoryUse.Activations,
        "weights" => MemoryUse.Weights,
        "both" => MemoryUse.Both,
        _ => throw new FormatException($"There is no '{name}'."),
    };
}
