using System.Diagnostics;
using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Many;

/// <summary>
/// A solution with many models, none like another, in many projects that share a plan cache: a build with nothing known, one with nothing to do, a second clone elsewhere that takes every plan from
/// the cache, and a build without the package. Seconds, memory of all processes together and of the largest, and models that were planned and taken from the cache. Uses the package in
/// <c>artifacts/packages</c>.
/// </summary>
internal static class ManyBenchmark
{
    /// <summary>Runs the benchmark.</summary>
    /// <param name="args"><c>--projects=N</c>, <c>--models=N</c> in each.</param>
    public static int Run(string[] args)
    {
        int Number(string name, int otherwise) =>
            args.Where(a => a.StartsWith(name, StringComparison.Ordinal)).Select(a => int.Parse(a[name.Length..], CultureInfo.InvariantCulture)).FirstOrDefault(otherwise);
        int projects = Number("--projects=", 20), models = Number("--models=", 10);
        string root = Directory.CreateTempSubdirectory("serenity-many-").FullName;
        try
        {
            string first = Path.Combine(root, "first"), second = Path.Combine(root, "elsewhere", "second");
            string cache = Path.Combine(root, "cache");
            Write(first, root, cache, projects, models);
            Write(second, root, cache, projects, models);
            Console.WriteLine(FormattableString.Invariant($"{projects * models} models in {projects} projects, {Environment.ProcessorCount} processors"));
            Console.WriteLine("| build | seconds | all processes, MiB | the largest, MiB | planned | from the cache |\n|---|---:|---:|---:|---:|---:|");
            Restore(first);
            Measure("without the package", first, ["-p:SerenityEnabled=false"]);
            foreach (string folder in Directory.GetDirectories(first, "p*"))
                Clear(folder);
            Measure("nothing known", first, []);
            Measure("nothing to do", first, []);
            Restore(second);
            Measure("a second clone, plans from the shared cache", second, []);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
        return 0;
    }

    private static void Clear(string project)
    {
        foreach (string folder in (string[])["bin", "obj/Debug"])
        {
            if (Directory.Exists(Path.Combine(project, folder)))
                Directory.Delete(Path.Combine(project, folder), recursive: true);
        }
    }

    private static void Restore(string folder) => Run(folder, ["restore", "all.proj", "-v:q"]);

    private static void Measure(string name, string folder, string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        (string output, long all, long largest) = Run(folder, ["build", "all.proj", "--no-restore", "-tl:off", .. arguments]);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        string[] made = [.. output.Split('\n').Where(l => l.Contains("peak activation memory", StringComparison.Ordinal))];
        int hits = made.Count(l => l.TrimEnd().EndsWith("(plan cache)", StringComparison.Ordinal));
        Console.WriteLine(FormattableString.Invariant($"| {name} | {seconds:0.0} | {all >> 20} | {largest >> 20} | {made.Length - hits} | {hits} |"));
    }

    private static (string Output, long All, long Largest) Run(string folder, string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        using Process process = Process.Start(start)!;
        using ProcessMeter meter = new(process.Id);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? (output, meter.MostOfAll, meter.MostOfOne) : throw new ArgumentException($"dotnet {string.Join(' ', arguments)} failed:\n{output}");
    }

    private static void Write(string folder, string root, string cache, int projects, int models)
    {
        (string feed, string version) = BuildBenchmark.Package();
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, name), "<Project />\n");
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <NuGetAudit>false</NuGetAudit>
                <RestorePackagesPath>{root}/packages</RestorePackagesPath>
                <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
                <SerenityCacheDirectory>{cache}</SerenityCacheDirectory>
              </PropertyGroup>
            </Project>

            """);
        // A solution without its file's format: all projects, side by side.
        File.WriteAllText(Path.Combine(folder, "all.proj"), """
            <Project DefaultTargets="Build">
              <ItemGroup><Each Include="p*/*.csproj" /></ItemGroup>
              <Target Name="Restore"><MSBuild Projects="@(Each)" Targets="Restore" BuildInParallel="true" Properties="Restoring=true" /></Target>
              <Target Name="Build"><MSBuild Projects="@(Each)" Targets="Build" BuildInParallel="true" /></Target>
            </Project>

            """);
        for (int project = 0; project < projects; project++)
        {
            string own = Path.Combine(folder, FormattableString.Invariant($"p{project:00}"));
            Directory.CreateDirectory(Path.Combine(own, "models"));
            File.WriteAllText(Path.Combine(own, "Code.cs"), "internal static class Code;\n");
            File.WriteAllText(Path.Combine(own, FormattableString.Invariant($"p{project:00}.csproj")), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <ItemGroup>
                    <PackageReference Include="Serenity.Build" Version="{version}" PrivateAssets="all" />
                    <SerenityModel Include="models/*.onnx" MemoryBudget="1GiB" />
                  </ItemGroup>
                </Project>

                """);
            for (int model = 0; model < models; model++)
            {
                ulong seed = (ulong)(project * models + model + 1);
                ModelFile.Save(IrregularModels.DartsCell(vertices: 4, seed: seed, channels: 8, size: 14), Path.Combine(own, "models", FormattableString.Invariant($"m{model:00}.onnx")));
            }
        }
    }
}
