using System.Text.Json;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// Reads the kernel executions out of a profile that ONNX Runtime wrote: JSON, an array of trace events, of which those named
/// <c>NODE_kernel_time</c> are kernels, in the order in which they ended.
/// </summary>
internal static class ProfileReader
{
    private const string KernelSuffix = "_kernel_time";

    /// <summary>The kernels of a run in the order in which they ended: for the main graph, the order of execution.</summary>
    /// <param name="json">The profile's content, UTF-8. What follows the run is not read.</param>
    /// <param name="before">How many runs came before it: one that failed has an end in the profile as well.</param>
    /// <exception cref="JsonException">It is no profile.</exception>
    public static IReadOnlyList<KernelEvent> ReadRun(ReadOnlySpan<byte> json, int before)
    {
        List<KernelEvent> kernels = [];
        Utf8JsonReader reader = new(json);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.StartObject || reader.CurrentDepth != 1)
                continue;
            using JsonDocument entry = JsonDocument.ParseValue(ref reader);
            string name = entry.RootElement.GetProperty("name"u8).GetString() ?? "";
            if (name == "model_run")
            {
                if (before-- == 0)
                    break;
                kernels.Clear();
                continue;
            }
            if (name.EndsWith(KernelSuffix, StringComparison.Ordinal) && entry.RootElement.GetProperty("cat"u8).ValueEquals("Node"u8))
                kernels.Add(ReadKernel(name[..^KernelSuffix.Length], entry.RootElement.GetProperty("args"u8)));
        }
        MarkSubgraphs(kernels);
        return kernels;
    }

    private static KernelEvent ReadKernel(string node, JsonElement args)
    {
        int last = Number(args, "mem_bytes_in_use"), spanned = Number(args, "mem_in_use_delta");
        bool marked = last > 0 && spanned > 0;
        List<KernelOutput> outputs = [];
        if (args.TryGetProperty("output_type_shape"u8, out JsonElement shapes) && shapes.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement shape in shapes.EnumerateArray())
                outputs.Add(ReadOutput(shape));
        }
        string type = args.TryGetProperty("op_name"u8, out JsonElement op) ? op.GetString() ?? "" : "";
        return new(node, type, Number(args, "node_index"), outputs, marked ? last - spanned : 0, marked ? last : 0, false);
    }

    private static KernelOutput ReadOutput(JsonElement shape)
    {
        if (shape.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in shape.EnumerateObject())
                return new(property.Name, [.. property.Value.EnumerateArray().Select(d => d.GetInt64())]);
        }
        return new("", []);
    }

    private static int Number(JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
        && int.TryParse(value.GetString(), out int number) ? number : 0;

    /// <summary>Going back from the last end, a kernel that starts before the earliest start seen so far encloses or precedes all later ones.</summary>
    private static void MarkSubgraphs(List<KernelEvent> kernels)
    {
        int enclosing = int.MaxValue;
        for (int k = kernels.Count - 1; k >= 0; k--)
        {
            if (kernels[k].LastMark == 0)
                continue;
            if (kernels[k].FirstMark > enclosing)
                kernels[k] = kernels[k] with { InSubgraph = true };
            else
                enclosing = kernels[k].FirstMark;
        }
    }
}
