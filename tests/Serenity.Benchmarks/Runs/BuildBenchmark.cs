using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// What the package adds to a <c>dotnet build</c> of a project with the models given: wall-clock milliseconds of its tasks, as MSBuild itself reports
/// them, in a process that has just started. Three builds: nothing known yet, everything in the plan cache, nothing to do. Uses the package in
/// <c>artifacts/packages</c>. Since part of the work is begun while the build resolves references, the whole build is measured too, beside the same build with
/// the package switched off, in turns.
/// </summary>
internal static partial class BuildBenchmark
{
    private const int Runs = 5;

    private static readonly string[] _tasks = ["SerenityWarmUp", "SerenityPrepare", "SerenityOptimize", "SerenityCheck", "SerenityGenerateCode"];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Models; <c>--runs=N</c> builds of each kind.</param>
    public static int Run(string[] args)
    {
        int runs = args.Where(a => a.StartsWith("--runs=", StringComparison.Ordinal)).Select(a => int.Parse(a["--runs=".Length..], CultureInfo.InvariantCulture)).FirstOrDefault(Runs);
        IReadOnlyList<string> models = ModelArguments.Expand(args);
        string folder = Directory.CreateTempSubdirectory("serenity-bench-").FullName;
        try
        {
            WriteProject(folder, models);
            Build(folder, ["restore", "-v:q"]);
            Console.WriteLine($"{models.Count} models, {runs} builds of each kind, least and median of all tasks together, what the whole build takes longer (medians), then each task's median; milliseconds");
            Console.WriteLine($"{"build",-18}{"least",8}{"median",8}{"whole",8}  {string.Join("", _tasks.Select(t => t["Serenity".Length..].PadLeft(14)))}");
            Measure(folder, "nothing known", runs, ["obj/Debug", "obj/serenity-cache", "bin"]);
            Measure(folder, "in the plan cache", runs, ["obj/Debug", "bin"]);
            Measure(folder, "nothing to do", runs, []);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Measure(string folder, string kind, int runs, string[] removed)
    {
        List<long[]> times = [];
        List<double> with = [], without = [];
        for (int run = 0; run < runs; run++)
        {
            string[] arguments = ["build", "--no-restore", "-v:q", "-tl:off", "-clp:PerformanceSummary"];
            without.Add(Timed(folder, removed, [.. arguments, "-p:SerenityEnabled=false"]).Milliseconds);
            (double milliseconds, string output) = Timed(folder, removed, arguments);
            with.Add(milliseconds);
            times.Add([.. _tasks.Select(task => TaskTime().Matches(output).Where(m => m.Groups[2].Value == task).Sum(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)))]);
        }
        long[] sums = [.. times.Select(t => t.Sum()).Order()];
        double whole = with.Order().ElementAt(runs / 2) - without.Order().ElementAt(runs / 2);
        Console.WriteLine($"{kind,-18}{sums[0],8}{sums[sums.Length / 2],8}{whole,8:0}  {string.Join("", _tasks.Select((_, i) => times.Select(t => t[i]).Order().ElementAt(times.Count / 2).ToString(CultureInfo.InvariantCulture).PadLeft(14)))}");
    }

    /// <summary>Times a build without some folders; where none is named, one with nothing to do.</summary>
    private static (double Milliseconds, string Output) Timed(string folder, string[] removed, string[] arguments)
    {
        foreach (string path in removed.Select(p => Path.Combine(folder, p)).Where(Directory.Exists))
            Directory.Delete(path, recursive: true);
        if (removed.Length == 0)
            Build(folder, arguments);
        long start = Stopwatch.GetTimestamp();
        string output = Build(folder, arguments);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, output);
    }

    /// <summary>The folder of the packed package, and its version.</summary>
    public static (string Feed, string Version) Package()
    {
        string feed = Path.Combine(Checkout.RootOrNull ?? throw new ArgumentException("this benchmark runs from the repository"), "artifacts", "packages");
        string package = Directory.Exists(feed) ? Directory.GetFiles(feed, "Serenity.Build.*.nupkg").Order(StringComparer.Ordinal).LastOrDefault() ?? "" : "";
        return package.Length > 0 ? (feed, Path.GetFileNameWithoutExtension(package)["Serenity.Build.".Length..])
            : throw new ArgumentException($"there is no package in '{feed}'; run ./build.sh pack first");
    }

    private static void WriteProject(string folder, IReadOnlyList<string> models)
    {
        (string feed, string version) = Package();
        for (int i = 0; i < models.Count; i++)
            File.Copy(models[i], Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"m{i:D3}.onnx")));
        // Nothing of a folder above may reach in.
        foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, name), "<Project />\n");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), "System.Console.WriteLine();\n");
        File.WriteAllText(Path.Combine(folder, "app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RestorePackagesPath>packages</RestorePackagesPath>
                <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
                <EnableDefaultNoneItems>false</EnableDefaultNoneItems>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Serenity.Build" Version="{version}" PrivateAssets="all" />
                <SerenityModel Include="*.onnx" />
              </ItemGroup>
            </Project>

            """);
    }

    private static string Build(string folder, string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        // Each build in a process that has just started, as on a build server.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new ArgumentException($"dotnet {string.Join(' ', arguments)} failed:\n{output}");
    }

    [GeneratedRegex(@"^\s*(\d+) ms\s+(\w+)\s+\d+ calls", RegexOptions.Multiline)]
    private static partial Regex TaskTime();
}
