using System.Text.Json;

// The C header beside the model is for the firmware (see firmware/main.c); the manifest has the same figures.
using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(SerenityModels.Wakeword.ManifestPath));
JsonElement memories = manifest.RootElement.GetProperty("memories");
string[] header = File.ReadAllLines(Path.ChangeExtension(SerenityModels.Wakeword.ManifestPath, ".h"));
bool same = memories.GetProperty("fits").GetBoolean();
foreach (JsonElement memory in memories.GetProperty("memories").EnumerateArray())
{
    string name = memory.GetProperty("name").GetString()!;
    long used = memory.GetProperty("usedBytes").GetInt64();
    Console.WriteLine($"{name,-6} {used,7} of {memory.GetProperty("bytes").GetInt64()} bytes");
    same &= header.Contains($"#define WAKEWORD_{name}_BYTES {used}u");
}
Console.WriteLine($"{memories.GetProperty("weights").GetArrayLength()} weights, each in its place in flash");
int moved = 0;
foreach (JsonElement tensor in manifest.RootElement.GetProperty("tensors").EnumerateArray())
{
    if (!tensor.TryGetProperty("memory", out JsonElement at))
        continue;
    string to = "";
    if (tensor.TryGetProperty("move", out JsonElement move))
    {
        moved++;
        to = $", in {move.GetProperty("memory").GetString()} at {move.GetProperty("offset")} from step {move.GetProperty("step")} on";
    }
    Console.WriteLine($"{tensor.GetProperty("name").GetString(),-24} {tensor.GetProperty("bytes"),6} bytes in {at.GetString()} at {tensor.GetProperty("offset")}{to}");
}
Console.WriteLine($"{moved} tensors move once; accesses of a run cost {memories.GetProperty("cost")}, and no plan of this order costs less than {memories.GetProperty("lowerBoundCost")}");
return same ? 0 : 1;
