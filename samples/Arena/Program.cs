using System.Text.Json;
using Arena;

// The C header beside the model is for the firmware (see firmware/main.c); the generated C# has the same figures for a host program.
string header = Path.ChangeExtension(SerenityModels.Wakeword.ManifestPath, ".h");
string define = File.ReadLines(header).First(l => l.StartsWith("#define WAKEWORD_ARENA_BYTES ", StringComparison.Ordinal));
Console.WriteLine(define);

byte[] arena = GC.AllocateArray<byte>(checked((int)SerenityModels.Wakeword.PeakBytes), pinned: true);
using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(SerenityModels.Wakeword.ManifestPath));
int placed = 0;
foreach (JsonElement tensor in manifest.RootElement.GetProperty("tensors").EnumerateArray())
{
    if (!tensor.TryGetProperty("offset", out JsonElement offset))
        continue;
    // A slice that did not lie inside the block would throw.
    Span<byte> slice = arena.AsSpan((int)offset.GetInt64(), (int)tensor.GetProperty("bytes").GetInt64());
    if (placed++ < 5)
        Console.WriteLine($"{tensor.GetProperty("name").GetString(),-24} {slice.Length,6} bytes at {offset.GetInt64(),6}, steps {tensor.GetProperty("firstStep")}-{tensor.GetProperty("lastStep")}");
}
Console.WriteLine($"{placed} tensors in one block of {arena.Length} bytes");
return define == $"#define WAKEWORD_ARENA_BYTES {arena.Length}u" ? 0 : 1;
