using System.Text;

namespace Serenity.Onnx.Models;

/// <summary>
/// Finds the external data files of a model in its bytes, in time linear in them and without making anything of the model: for a build that has to know its inputs, and works on
/// models elsewhere.
/// </summary>
public static class ExternalDataScan
{
    /// <summary>
    /// Files that a model keeps tensor data in and may read: those that are there, inside the model's folder. What is wrong with others is told when the model is loaded.
    /// </summary>
    /// <param name="model">Content of the .onnx file.</param>
    /// <param name="modelPath">Its absolute path.</param>
    /// <returns>Absolute paths, each once, in order.</returns>
    public static IReadOnlyList<string> Files(byte[] model, string modelPath)
    {
        // Nearly all models have none.
        if (model.AsSpan().IndexOf("location"u8) < 0)
            return [];
        SortedSet<string> locations = new(StringComparer.Ordinal);
        Walk(model, "ModelProto", 1, locations);
        SortedSet<string> files = new(StringComparer.Ordinal);
        foreach (string location in locations)
        {
            if (ExternalData.Find(location, modelPath) is { } file)
                files.Add(file);
        }
        return [.. files];
    }

    private static void Walk(ReadOnlySpan<byte> message, string type, int depth, SortedSet<string> locations)
    {
        // Deeper than any model that is loaded.
        if (depth > WireCheck.DeepestNesting)
            return;
        WireField[] fields = WireSchema.Messages[type];
        foreach (WireEntry entry in new WireFields(message))
        {
            if (!entry.IsDelimited || entry.Number >= fields.Length || fields[entry.Number].Message is not { } inner)
                continue;
            if (fields[entry.Number].Name == "external_data")
                Take(entry.Value, locations);
            else
                Walk(entry.Value, inner, depth + 1, locations);
        }
    }

    private static void Take(ReadOnlySpan<byte> pair, SortedSet<string> locations)
    {
        ReadOnlySpan<byte> key = default, value = default;
        foreach (WireEntry entry in new WireFields(pair))
        {
            if (entry.IsDelimited && entry.Number == 1)
                key = entry.Value;
            else if (entry.IsDelimited && entry.Number == 2)
                value = entry.Value;
        }
        if (key.SequenceEqual("location"u8))
            locations.Add(Encoding.UTF8.GetString(value));
    }
}
