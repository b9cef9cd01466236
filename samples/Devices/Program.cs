using System.Text.Json;

// Without a reference to ONNX Runtime the generated code still knows where the models are and what they need.
foreach (string manifest in (string[])[SerenityModels.Darts.ManifestPath, SerenityModels.Randwire.ManifestPath, SerenityModels.Tiny.ManifestPath])
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(manifest));
    JsonElement root = json.RootElement, budget = root.GetProperty("budget");
    string device = budget.TryGetProperty("device", out JsonElement name) ? $" ({name.GetString()})" : "";
    Console.WriteLine(
        $"{root.GetProperty("output").GetProperty("path").GetString(),-14} {root.GetProperty("peak").GetProperty("bytes").GetInt64(),8} of "
        + $"{budget.GetProperty("memoryBytes").GetInt64(),8} bytes{device}: {budget.GetProperty("verdict").GetString()}");
}
