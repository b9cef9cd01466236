using System.Text.Json;

// Without a reference to ONNX Runtime the generated code still knows where the models are and what they need.
foreach (string manifest in (string[])[SerenityModels.Darts.ManifestPath, SerenityModels.Randwire.ManifestPath, SerenityModels.Tiny.ManifestPath])
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(manifest));
    JsonElement root = json.RootElement, budget = root.GetProperty("budget");
    string device = budget.TryGetProperty("device", out JsonElement name) ? $" ({name.GetString()})" : "";
    // A board with several memories has a budget for each, and the plan says which tensor lies where.
    string[] held = root.TryGetProperty("memories", out JsonElement memories)
        ? [.. memories.GetProperty("memories").EnumerateArray().Select(m => $"{m.GetProperty("name").GetString()} {Of(m, "usedBytes")} of {Of(m, "bytes")}")]
        : [$"{Of(root.GetProperty("peak"), "bytes")} of {Of(budget, "memoryBytes")}"];
    Console.WriteLine($"{root.GetProperty("output").GetProperty("path").GetString(),-14} {string.Join(", ", held)} bytes{device}: {budget.GetProperty("verdict").GetString()}");
}

static long Of(JsonElement element, string property) => element.GetProperty(property).GetInt64();
