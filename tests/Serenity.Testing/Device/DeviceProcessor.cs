namespace Serenity.Testing.Device;

/// <summary>A processor that a model can be run on here: this machine's own, or one that qemu's user mode plays.</summary>
/// <param name="Name">qemu's name for it; "host" for this machine's.</param>
/// <param name="Architecture">Its architecture as .NET names it, such as "arm64".</param>
public sealed record DeviceProcessor(string Name, string Architecture)
{
    /// <summary>This machine's, x64.</summary>
    public static DeviceProcessor Host { get; } = new("host", "x64");

    /// <summary>x64 without AVX.</summary>
    public static DeviceProcessor Nehalem { get; } = new("Nehalem", "x64");

    /// <summary>x64 with AVX2; without transactional memory, which qemu does not have.</summary>
    public static DeviceProcessor Haswell { get; } = new("Haswell-noTSX", "x64");

    /// <summary>arm64, as in a Raspberry Pi 3: Armv8.0.</summary>
    public static DeviceProcessor CortexA53 { get; } = new("cortex-a53", "arm64");

    /// <summary>arm64, as in a Raspberry Pi 4: Armv8.0.</summary>
    public static DeviceProcessor CortexA72 { get; } = new("cortex-a72", "arm64");

    /// <summary>arm64, as in a Raspberry Pi 5: Armv8.2 with dot products.</summary>
    public static DeviceProcessor CortexA76 { get; } = new("cortex-a76", "arm64");

    /// <summary>arm64 with all that qemu knows: SVE2, i8mm, bf16, SME.</summary>
    public static DeviceProcessor MaxArm64 { get; } = new("max", "arm64");

    /// <summary>True for this machine's own.</summary>
    public bool IsHost => Name == "host";

    /// <inheritdoc/>
    public override string ToString() => Name;
}
