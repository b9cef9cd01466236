using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>The numbers behind what the report's script shows, as compact JSON: columns instead of records, indices instead of names.</summary>
internal static class ReportData
{
    // Escapes < > & ' " wherever they stand, so the text can neither close its block nor open another; leaves other scripts readable.
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static string Write(MemoryManifest manifest, ReportNames names)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, _options))
        {
            json.WriteStartObject();
            json.WriteString("executor", manifest.Executor.ToString());
            json.WriteBoolean("countsInputs", manifest.Executor.Traits().CountsInputs);
            json.WriteBoolean("hasOffsets", manifest.Executor.Traits().HasOffsets);
            json.WriteNumber("peakStep", manifest.PeakStep?.Index ?? -1);
            Strings(json, "nodes", manifest.Program.Steps.Select(step => names.Show(step.Node)));
            Indexed(json, "ops", "op", [.. manifest.OperatorTypes.Select(names.Show)]);
            Numbers(json, "after", manifest.Profile);
            Numbers(json, "before", manifest.OriginalProfile);
            Tensors(json, manifest, names);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Tensors(Utf8JsonWriter json, MemoryManifest manifest, ReportNames names)
    {
        ProgramBuffer[] tensors = [.. manifest.Program.Listed()];
        json.WriteStartObject("tensors");
        Strings(json, "name", tensors.Select(t => names.Show(t.Name)));
        Numbers(json, "bytes", tensors.Select(t => t.Bytes));
        if (tensors.Any(t => t.Offset is not null))
            Numbers(json, "offset", tensors.Select(t => t.Offset ?? -1));
        if (manifest.Memories is { } memories)
            Memories(json, memories, tensors, names);
        Numbers(json, "first", tensors.Select(t => (long)t.FirstStep));
        Numbers(json, "last", tensors.Select(t => (long)t.LastStep));
        Numbers(json, "role", tensors.Select(t => (long)(t.Kind switch { BufferKind.Input => 1, BufferKind.Output => 2, _ => 0 })));
        Numbers(json, "alias", tensors.Select(t => (long)(t.SharesWith ?? -1)));
        Lists(json, "parts", tensors.Select(t => t.Parts?.Where(part => part < tensors.Length).ToArray() is { Length: > 0 } parts ? parts : null));
        Indexed(json, "types", "type", [.. tensors.Select(t => names.Show(t.Type ?? ""))]);
        Lists(json, "writers", tensors.Select(t => t.Writers));
        Lists(json, "readers", tensors.Select(t => t.Readers));
        json.WriteEndObject();
    }

    // Numbers of the memories, in the order of the manifest, and moves as step, memory, offset.
    private static void Memories(Utf8JsonWriter json, MemoriesFacts memories, ProgramBuffer[] tensors, ReportNames names)
    {
        Dictionary<string, int> index = new(StringComparer.Ordinal);
        foreach (UsedMemory memory in memories.Memories)
            index.TryAdd(memory.Name, index.Count);
        Strings(json, "memories", index.Keys.Select(names.Show));
        Numbers(json, "memory", tensors.Select(t => (long)At(t.Memory)));
        json.WriteStartArray("move");
        foreach (ProgramBuffer tensor in tensors)
        {
            if (tensor.Move is not { } move)
            {
                json.WriteNullValue();
                continue;
            }
            json.WriteStartArray();
            json.WriteNumberValue(move.Step);
            json.WriteNumberValue(At(move.Memory));
            json.WriteNumberValue(move.Offset);
            json.WriteEndArray();
        }
        json.WriteEndArray();

        int At(string? memory) => memory is not null && index.TryGetValue(memory, out int at) ? at : -1;
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IEnumerable<long> values)
    {
        json.WriteStartArray(name);
        foreach (long value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    // Null stands for "not known", which is not the same as "nobody".
    private static void Lists(Utf8JsonWriter json, string name, IEnumerable<IReadOnlyList<int>?> rows)
    {
        json.WriteStartArray(name);
        foreach (IReadOnlyList<int>? row in rows)
        {
            if (row is null)
            {
                json.WriteNullValue();
                continue;
            }
            json.WriteStartArray();
            foreach (int value in row)
                json.WriteNumberValue(value);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    // Few distinct values over many rows: the values once, in order of first use, then an index a row.
    private static void Indexed(Utf8JsonWriter json, string valuesName, string rowsName, IReadOnlyList<string> rows)
    {
        Dictionary<string, int> index = new(StringComparer.Ordinal);
        List<string> values = [];
        foreach (string row in rows)
        {
            if (index.TryAdd(row, values.Count))
                values.Add(row);
        }
        Strings(json, valuesName, values);
        Numbers(json, rowsName, rows.Select(row => (long)index[row]));
    }
}
