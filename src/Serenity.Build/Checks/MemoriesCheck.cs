using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Checks;

/// <summary>Holds a plan over several memories against sizes other than those that it was made for.</summary>
public static class MemoriesCheck
{
    /// <summary>The manifest with the memories that it is to be held against.</summary>
    /// <param name="manifest">A manifest.</param>
    /// <param name="memories">The memories; what each is used for goes by its name.</param>
    /// <param name="file">What the user named.</param>
    /// <exception cref="SerenityException">SER1101: the plan is for one arena, or uses a memory that is not among them.</exception>
    public static MemoryManifest Against(MemoryManifest manifest, IReadOnlyList<DeviceMemory> memories, string file)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(memories);
        if (manifest.Memories is not { } planned)
        {
            throw new SerenityException(
                SerenityCodes.BadOption, file, "The plan is for one arena, so it cannot be held against several memories. Plan the model for them (--executor StaticArena and --memories), or give --budget.");
        }
        string[] missing = [.. planned.Memories.Where(m => m.UsedBytes > 0 && Find(m) is null).Select(m => m.Name)];
        if (missing.Length > 0)
        {
            throw new SerenityException(
                SerenityCodes.BadOption, file,
                $"The plan uses the memories {string.Join(", ", planned.Memories.Select(m => m.Name))}, and {string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} not among those given ({string.Join(", ", memories.Select(m => m.Name))})."
                + " Give them too, or plan the model for these memories.");
        }
        return manifest with { Memories = planned with { Memories = [.. planned.Memories.Select(Sized)] } };

        UsedMemory Sized(UsedMemory used) =>
            Find(used) is { } given && given.Bytes != used.Bytes ? used with { Bytes = given.Bytes, LeastBytes = null, MayBeLess = null } : used;

        DeviceMemory? Find(UsedMemory used) => memories.FirstOrDefault(m => m.Name.Equals(used.Name, StringComparison.OrdinalIgnoreCase));
    }
}
