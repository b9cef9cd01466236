namespace Serenity.Driver;

/// <summary>A machine that the tests are run as on, as far as this one can stand in for it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Like">What it is like, for a line of the log.</param>
internal sealed record OtherMachine(string Name, string Like)
{
    /// <summary>Variables of the tests' environment; null for one that is taken away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>The program the tests are started through, with its arguments, found on the PATH; empty for none.</summary>
    public IReadOnlyList<string> Through { get; init; } = [];

    /// <summary>The processor that QEMU stands in for, less what it does not know and no program asks for; null for this machine's own.</summary>
    public string? Processor { get; init; }

    /// <summary>How many processes that do nothing but take time run beside the tests.</summary>
    public int BusyNeighbours { get; init; }

    /// <summary>
    /// All of them. ONNX Runtime asks the processor itself what it can do and has no switch for it, so blocks of another size, and kernels for
    /// older processors, take another processor: QEMU's user mode. It knows AVX2 from version 7.2 on, and no AVX-512.
    /// </summary>
    public static IReadOnlyList<OtherMachine> All { get; } =
    [
        new("one-core", "one processor") { Through = ["taskset", "-c", "0"] },
        new("busy", "four busy processes beside the tests") { BusyNeighbours = 4 },
        new("abroad", "Turkish, in Nepal's time zone, and without a home folder")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["LANG"] = "tr_TR.UTF-8", ["LC_ALL"] = "tr_TR.UTF-8", ["TZ"] = "Asia/Kathmandu", ["HOME"] = null,
                ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "0",
            },
        },
        new("no-avx512", "no AVX-512 for .NET")
        {
            // .NET 10's name for it, and .NET 8's.
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_EnableAVX512"] = "0", ["DOTNET_EnableAVX512F"] = "0" },
        },
        new("no-vectors", "no vector instructions beyond the least for .NET")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_EnableHWIntrinsic"] = "0" },
        },
        new("haswell", "AVX2 and no AVX-512") { Processor = "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid" },
        new("nehalem", "SSE 4.2 and no AVX") { Processor = "Nehalem" },
    ];

    /// <summary>True if an emulator runs it. Only tests that run ONNX Runtime, or count, are worth its time: it is ten times slower and more, and children run as on this machine.</summary>
    public bool IsEmulated => Processor is not null;
}
