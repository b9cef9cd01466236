using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Build.IntegrationTests;

/// <summary>Builds and runs every sample on the packed package, as <c>./build.sh sample</c> does for whoever tries them.</summary>
[TestClass]
public sealed class SampleTests
{
    /// <summary>What each sample prints where all is well, a line each.</summary>
    private static readonly Dictionary<string, string[]> _prints = new(StringComparer.Ordinal)
    {
        ["Arena"] = [@"^#define WAKEWORD_ARENA_BYTES [1-9][0-9]*u$", @"^[1-9][0-9]* tensors in one block of [1-9][0-9]* bytes$"],
        ["ConsoleApp"] = [@"^budget +131072 bytes: pass$", @"^manifest says +[1-9][0-9]* bytes$", @"^block of a run .*; 0 of its allocations came from elsewhere in [1-9][0-9]* runs$", @"^The number is true\.$"],
        ["Devices"] = [@"^darts\.onnx .* bytes: pass$", @"^randwire\.onnx .* \(stm32h743\): pass$", @"^tiny\.onnx .* \(nrf52832\): pass$"],
        ["Memories"] =
        [
            @"^DTCM +[1-9][0-9]* of 16384 bytes$", @"^SRAM +[1-9][0-9]* of 65536 bytes$", @"^FLASH +[1-9][0-9]* of 262144 bytes$", @"^[1-9][0-9]* weights, each in its place in flash$",
            @"^[1-9][0-9]* tensors move once; accesses of a run cost (?<cost>[1-9][0-9]*), and no plan of this order costs less than \k<cost>$",
        ],
    };

    /// <summary>What the firmware of each sample prints for a step.</summary>
    private static readonly Dictionary<string, string> _firmware = new(StringComparer.Ordinal)
    {
        ["Arena"] = @"^[0-9]+ \S.*: [1-9][0-9]* tensors live$",
        ["Memories"] = @"^[0-9]+ \S.*: [1-9][0-9]* tensors live, [0-9]+ of them beside the core$",
    };

    public static IEnumerable<object[]> Names => Directory.GetFiles(Path.Combine(Checkout.Root, "samples"), "*.csproj", SearchOption.AllDirectories)
        .Select(file => (object[])[Path.GetFileNameWithoutExtension(file)]).OrderBy(row => (string)row[0], StringComparer.Ordinal);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void The_sample_builds_and_runs_and_its_models_fit(string name)
    {
        Assert.IsTrue(_prints.TryGetValue(name, out string[]? prints), $"What does samples/{name} print when all is well?");
        DirectoryInfo root = Directory.CreateTempSubdirectory("serenity-sample-");
        try
        {
            string folder = CopyTo(root.FullName, name);
            Dictionary<string, string> environment = new() { ["RestorePackagesPath"] = PackedPackage.PackageFolder };
            if (PackedPackage.Fallback is { } fallback)
                environment["RestoreFallbackFolders"] = fallback;
            (int exit, string output) = DotNet.Run(folder, ["run", "-c", "Release"], environment);
            Assert.AreEqual(0, exit, output);
            foreach (string line in prints)
                StringAssert.Matches(output, new Regex(line.Replace("$", "\\r?$", StringComparison.Ordinal), RegexOptions.Multiline));
            RunFirmware(folder, name);

            const string failing = "failing-build.rsp";
            if (!File.Exists(Path.Combine(folder, failing)))
                return;
            (exit, output) = DotNet.Run(folder, ["build", "-c", "Release", "-tl:off", "@" + failing], environment);
            Assert.AreNotEqual(0, exit, output);
            string[] codes = [.. Regex.Matches(output, @": error (?<code>[A-Z]+[0-9]+):").Select(m => m.Groups["code"].Value).Distinct()];
            CollectionAssert.AreEqual((string[])["SER1001"], codes, output);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    /// <summary>Compiles the C program of a sample with the header that the build has written, where there is a compiler, and runs it: a line for each step of the schedule.</summary>
    private static void RunFirmware(string folder, string name)
    {
        string program = Path.Combine(folder, "firmware", "main.c");
        Assert.AreEqual(_firmware.ContainsKey(name), File.Exists(program), $"What does the firmware of samples/{name} print?");
        if (!_firmware.TryGetValue(name, out string? line) || !OperatingSystem.IsLinux() || !File.Exists("/usr/bin/cc"))
            return;
        string[] headers = [.. Directory.GetFiles(folder, "*.memory.h", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        Assert.IsNotEmpty(headers);
        string binary = Path.Combine(folder, "firmware", "main");
        (int exit, string output) = Run("/usr/bin/cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", Path.GetDirectoryName(headers[0])!, "-o", binary, program);
        Assert.AreEqual(0, exit, output);
        (exit, output) = Run(binary);
        Assert.AreEqual(0, exit, output);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Match steps = Regex.Match(File.ReadAllText(headers[0]), "_STEP_COUNT (?<count>[0-9]+)u");
        Assert.HasCount(int.Parse(steps.Groups["count"].Value, CultureInfo.InvariantCulture), lines);
        foreach (string printed in lines)
            StringAssert.Matches(printed, new Regex(line));
    }

    private static (int Exit, string Output) Run(string file, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    /// <summary>Copies a sample, and what lies beside all of them, with the feed and the package folder of this test run.</summary>
    /// <returns>The sample's folder.</returns>
    private static string CopyTo(string root, string name)
    {
        string samples = Path.Combine(Checkout.Root, "samples");
        foreach (string file in Directory.GetFiles(samples).Concat(Directory.GetFiles(Path.Combine(samples, name), "*", SearchOption.AllDirectories)))
        {
            string path = Path.GetRelativePath(samples, file);
            // What a build of the sample itself has left.
            if (path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                continue;
            string target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        string config = Path.Combine(root, "nuget.config"), text = File.ReadAllText(config);
        foreach ((string theirs, string ours) in ((string, string)[])[("../artifacts/packages", PackedPackage.Feed), ("../artifacts/consumer-packages", PackedPackage.PackageFolder)])
        {
            Assert.Contains(theirs, text);
            text = text.Replace(theirs, ours, StringComparison.Ordinal);
        }
        File.WriteAllText(config, text);
        return Path.Combine(root, name);
    }
}
