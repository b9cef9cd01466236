using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Serenity.Testing.Device;

/// <summary>
/// <c>tests/native/probe.c</c>, compiled for a processor and run on models: what ONNX Runtime itself does there, seen by a program that shares
/// nothing with ours. Other processors than this machine's are played by qemu's user mode.
/// </summary>
public sealed class NativeProbe
{
    /// <summary>What the tests over other processors need, as a command.</summary>
    public const string Install = "apt-get install gcc libc6-dev qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross libc6-arm64-cross libstdc++6-arm64-cross";

    private const string CrossCompiler = "aarch64-linux-gnu-gcc", CrossLibraries = "/usr/aarch64-linux-gnu/lib";

    private static readonly Lock _compiling = new();

    private readonly DeviceProcessor _processor;
    private readonly string _program;
    private readonly string[] _prefix;

    private NativeProbe(DeviceProcessor processor, string program, string[] prefix) => (_processor, _program, _prefix) = (processor, program, prefix);

    /// <summary>The probe for a processor.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="why">Why there is none, and what to install; empty if there is one.</param>
    public static NativeProbe? TryFind(DeviceProcessor processor, out string why)
    {
        ArgumentNullException.ThrowIfNull(processor);
        why = "";
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            why = "the probe is built and run on Linux x64 only";
        else if (HeaderFolder is null)
            why = "this ONNX Runtime was restored from a feed without its C headers";
        string compiler = processor.Architecture == "arm64" ? CrossCompiler : "cc";
        string? emulator = processor.IsHost ? null : processor.Architecture == "arm64" ? "qemu-aarch64-static" : "qemu-x86_64-static";
        string? missing = new[] { compiler, emulator }.FirstOrDefault(program => program is not null && OnPath(program) is null);
        if (why.Length == 0 && missing is not null)
            why = $"there is no {missing} here; {Install}";
        else if (why.Length == 0 && processor.Architecture == "arm64" && !File.Exists(Path.Combine(CrossLibraries, "libstdc++.so.6")))
            why = $"there are no arm64 libraries in {CrossLibraries}; {Install}";
        if (why.Length > 0)
            return null;
        string folder = Compile(compiler, processor.Architecture);
        string[] prefix = processor.IsHost ? []
            : processor.Architecture == "arm64" ? [emulator!, "-cpu", processor.Name, "-L", SystemRoot(folder)] : [emulator!, "-cpu", processor.Name];
        return new NativeProbe(processor, Path.Combine(folder, "probe"), prefix);
    }

    /// <summary>The native library of the ONNX Runtime that the solution is built with; null where its package has none for the architecture.</summary>
    public static string? LibraryFor(string architecture)
    {
        string library = Path.Combine(Package ?? "", "runtimes", $"linux-{architecture}", "native", "libonnxruntime.so");
        return File.Exists(library) ? library : null;
    }

    /// <summary>Runs models one after the other, in one process.</summary>
    /// <param name="models">Paths of the models.</param>
    /// <param name="options">How.</param>
    /// <returns>One result for each model, in order.</returns>
    /// <exception cref="InvalidOperationException">The program failed as a whole.</exception>
    public IReadOnlyList<ProbeResult> Run(IReadOnlyList<string> models, ProbeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        options ??= new ProbeOptions();
        string library = options.Library ?? LibraryFor(_processor.Architecture)
            ?? throw new InvalidOperationException($"The package has no ONNX Runtime for linux-{_processor.Architecture}.");
        string[] command = [.. _prefix, _program, "--lib", library, .. options.Arguments(), .. models];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in options.Environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        if (lines.Length != models.Count + 1)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {errors.Result}");
        return [.. lines.Skip(1).Select(line => ProbeResult.Parse(line, lines[0]))];
    }

    /// <summary>The restored package of ONNX Runtime.</summary>
    private static string? Package { get; } = typeof(NativeProbe).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "OnnxRuntimePackage")?.Value;

    private static string? HeaderFolder
    {
        get
        {
            string folder = Path.Combine(Package ?? "", "build", "native", "include");
            return File.Exists(Path.Combine(folder, "onnxruntime_c_api.h")) ? folder : null;
        }
    }

    /// <summary>Path of a program that is on the PATH; null if it is not.</summary>
    internal static string? OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Compiles, or finds what was compiled of the same source before.</summary>
    /// <returns>The folder that the program lies in.</returns>
    private static string Compile(string compiler, string architecture)
    {
        string source = Path.Combine(Checkout.Root, "tests", "native", "probe.c");
        byte[] content = [.. File.ReadAllBytes(source), .. Encoding.UTF8.GetBytes(HeaderFolder!)];
        string folder = Path.Combine(Checkout.Root, "artifacts", "native", $"{architecture}-{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}");
        string program = Path.Combine(folder, "probe");
        lock (_compiling)
        {
            if (File.Exists(program))
                return folder;
            Directory.CreateDirectory(folder);
            string part = FormattableString.Invariant($"{program}.{Environment.ProcessId}");
            ProcessStartInfo start = new(
                compiler, ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", HeaderFolder!, source, "-o", part, "-ldl", "-lpthread"])
            { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"{compiler} cannot compile {source}: {errors}");
            File.Move(part, program, overwrite: true);
        }
        return folder;
    }

    /// <summary>
    /// What an arm64 program sees as the system: the cross compiler's libraries, and an Arm machine's description of its processors. qemu's own
    /// shows this machine's, in which ONNX Runtime looks for fields that are not there, and dies (seen with qemu 7.2).
    /// </summary>
    private static string SystemRoot(string folder)
    {
        string root = Path.Combine(folder, "system"), description = Path.Combine(root, "proc", "cpuinfo");
        lock (_compiling)
        {
            if (File.Exists(description))
                return root;
            Directory.CreateDirectory(Path.GetDirectoryName(description)!);
            if (!Directory.Exists(Path.Combine(root, "lib")))
                Directory.CreateSymbolicLink(Path.Combine(root, "lib"), CrossLibraries);
            File.WriteAllText(description, """
                processor	: 0
                BogoMIPS	: 100.00
                Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
                CPU implementer	: 0x41
                CPU architecture: 8
                CPU variant	: 0x0
                CPU part	: 0xd08
                CPU revision	: 3


                """);
        }
        return root;
    }
}
