namespace Serenity.Build.Budgets;

/// <summary>
/// Well-known devices. Memory is the largest block of RAM that one arena can lie in, all of it: what the firmware needs for itself is the
/// developer's to subtract, with an own <c>SerenityDevice</c> item of the same name or with <c>MemoryBudget</c>. Weights is the on-chip
/// flash, or the flash of the named board. Where a device has several memories, the cost of an access is the time of a byte at the peak rate of the bus, width times clock,
/// relative to the fastest. <c>docs/devices.md</c> is this table; a test holds the two together.
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
        new("esp32-s3-wroom-1-n8r8", 512 * KiB, 8 * MiB, "Espressif ESP32-S3-WROOM-1 datasheet: 512 KB SRAM, 8 MB flash, 8 MB octal PSRAM")
        {
            Memories = [new("SRAM", 512 * KiB, 1), new("PSRAM", 8 * MiB, 6)],
            MemorySource = "Espressif ESP32-S3 technical reference manual: SRAM 32 bits at 240 MHz; octal PSRAM 8 bits on both edges of 80 MHz",
        },
        new("imxrt1060-evk", 768 * KiB, 8 * MiB, "NXP i.MX RT1060 data sheet and MIMXRT1060-EVK user guide: 1 MB on-chip RAM, 768 KB of it adjacent OCRAM as the chip comes up; 8 MB QSPI flash")
        {
            Memories = [new("DTCM", 128 * KiB, 1), new("OCRAM", 768 * KiB, 4), new("SDRAM", 32 * MiB, 14.5)],
            MemorySource = "NXP IMXRT1060RM: FlexRAM comes up as 128 KB DTCM, 128 KB ITCM and 256 KB OCRAM, before it 512 KB OCRAM2; DTCM 2 x 32 bits at 600 MHz, OCRAM 64 bits at 150 MHz, SDRAM 16 bits at 166 MHz, 32 MB on the board",
        },
        new("nrf52832", 64 * KiB, 512 * KiB, "Nordic nRF52832 product specification: 64 kB RAM, 512 kB flash"),
        new("nrf52840", 256 * KiB, 1 * MiB, "Nordic nRF52840 product specification: 256 kB RAM, 1 MB flash"),
        new("nrf5340", 512 * KiB, 1 * MiB, "Nordic nRF5340 product specification, application core: 512 kB RAM, 1 MB flash"),
        new("raspberry-pi-pico", 264 * KiB, 2 * MiB, "Raspberry Pi Pico datasheet: RP2040, 264 kB SRAM, 2 MB flash"),
        new("raspberry-pi-pico-2", 520 * KiB, 4 * MiB, "Raspberry Pi Pico 2 datasheet: RP2350, 520 kB SRAM, 4 MB flash"),
        new("raspberry-pi-zero-2-w", 512 * MiB, null, "Raspberry Pi Zero 2 W product brief: 512 MB SDRAM, shared with the operating system"),
        new("stm32f407", 128 * KiB, 1 * MiB, "ST DS8626: 112 + 16 KB of adjacent SRAM (the 64 KB CCM lies apart), up to 1 MB flash"),
        new("stm32f746", 320 * KiB, 1 * MiB, "ST DS10916: 320 KB SRAM, up to 1 MB flash"),
        new("stm32f746g-disco", 320 * KiB, 1 * MiB, "ST UM1907: STM32F746NG, 320 KB SRAM, 1 MB flash")
        {
            Memories = [new("DTCM", 64 * KiB, 1), new("SRAM", 256 * KiB, 2), new("SDRAM", 8 * MiB, 8)],
            MemorySource = "ST RM0385: 64 KB DTCM, 2 x 32 bits at 216 MHz, SRAM1 and SRAM2 (240 + 16 KB, adjacent) 32 bits at 216 MHz; ST UM1907: 8 MB of SDRAM can be reached, 16 bits at 108 MHz",
        },
        new("stm32h743", 512 * KiB, 2 * MiB, "ST DS12110: 512 KB AXI SRAM is the largest block, up to 2 MB flash")
        {
            Memories = [new("DTCM", 128 * KiB, 1), new("AXI", 512 * KiB, 2), new("SRAM123", 288 * KiB, 4), new("SRAM4", 64 * KiB, 4)],
            MemorySource = "ST DS12110 and RM0433: 128 KB DTCM, 2 x 32 bits at 480 MHz; 512 KB AXI SRAM, 64 bits at 240 MHz; SRAM1, 2 and 3 (128 + 128 + 32 KB, adjacent) and SRAM4 (64 KB), 32 bits at 240 MHz",
        },
        new("stm32h743i-eval", 512 * KiB, 2 * MiB, "ST UM2198: STM32H743XI, 512 KB AXI SRAM is the largest block on chip, 2 MB flash")
        {
            Memories = [new("DTCM", 128 * KiB, 1), new("AXI", 512 * KiB, 2), new("SRAM123", 288 * KiB, 4), new("SRAM4", 64 * KiB, 4), new("SDRAM", 32 * MiB, 9.6)],
            MemorySource = "as stm32h743; ST UM2198: 32 MB SDRAM, 32 bits at 100 MHz",
        },
    ];

    /// <summary>Finds a device.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The device, or null.</returns>
    public static Device? Find(string name) =>
        Devices.FirstOrDefault(d => string.Equals(d.Name, name, StringComparison.OrdinalIgnoreCase));
}
