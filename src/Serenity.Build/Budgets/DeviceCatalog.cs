namespace Serenity.Build.Budgets;

/// <summary>
/// Well-known devices. Memory is the largest block of RAM that one arena can lie in, all of it: what the firmware needs for itself is the
/// developer's to subtract, with an own <c>SerenityDevice</c> item of the same name or with <c>MemoryBudget</c>. Weights is the on-chip
/// flash, or the flash of the named board. <c>docs/devices.md</c> is this table; a test holds the two together.
/// </summary>
public static class DeviceCatalog
{
    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;

    /// <summary>The devices, by name.</summary>
    public static IReadOnlyList<Device> Devices { get; } =
    [
        new("apollo3-blue", 384 * KiB, 1 * MiB, "Ambiq Apollo3 Blue SoC datasheet: 384 KB SRAM, 1 MB flash"),
        new("arduino-nano-33-ble", 256 * KiB, 1 * MiB, "Arduino Nano 33 BLE datasheet: nRF52840, 256 KB SRAM, 1 MB flash"),
        new("esp32", 320 * KiB, null, "Espressif ESP32 datasheet: 520 KB SRAM; ESP-IDF memory types: 320 KB of it is data RAM"),
        new("esp32-s3", 512 * KiB, null, "Espressif ESP32-S3 datasheet: 512 KB SRAM"),
        new("nrf52832", 64 * KiB, 512 * KiB, "Nordic nRF52832 product specification: 64 kB RAM, 512 kB flash"),
        new("nrf52840", 256 * KiB, 1 * MiB, "Nordic nRF52840 product specification: 256 kB RAM, 1 MB flash"),
        new("nrf5340", 512 * KiB, 1 * MiB, "Nordic nRF5340 product specification, application core: 512 kB RAM, 1 MB flash"),
        new("raspberry-pi-pico", 264 * KiB, 2 * MiB, "Raspberry Pi Pico datasheet: RP2040, 264 kB SRAM, 2 MB flash"),
        new("raspberry-pi-pico-2", 520 * KiB, 4 * MiB, "Raspberry Pi Pico 2 datasheet: RP2350, 520 kB SRAM, 4 MB flash"),
        new("raspberry-pi-zero-2-w", 512 * MiB, null, "Raspberry Pi Zero 2 W product brief: 512 MB SDRAM, shared with the operating system"),
        new("stm32f407", 128 * KiB, 1 * MiB, "ST DS8626: 112 + 16 KB of adjacent SRAM (the 64 KB CCM lies apart), up to 1 MB flash"),
        new("stm32f746", 320 * KiB, 1 * MiB, "ST DS10916: 320 KB SRAM, up to 1 MB flash"),
        new("stm32h743", 512 * KiB, 2 * MiB, "ST DS12110: 512 KB AXI SRAM is the largest block, up to 2 MB flash"),
    ];

    /// <summary>Finds a device.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The device, or null.</returns>
    public static Device? Find(string name) =>
        Devices.FirstOrDefault(d => string.Equals(d.Name, name, StringComparison.OrdinalIgnoreCase));
}
