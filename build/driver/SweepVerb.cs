using System.Globalization;

namespace Serenity.Driver;

/// <summary>
/// <c>sweep</c>: the tests that the ordinary run does a few rounds of, with as many as asked for: builds killed at random moments, builds in other
/// languages, time zones, folders and numbers of processors; all models on arm64; models with open dimensions at many sizes; random networks in pieces at random places; random models whose sizes
/// depend on data; small problems over several memories, and small graphs on a chip, against every choice there is; the whole suite as on other machines; and ONNX's own conformance models.
/// </summary>
internal sealed class SweepVerb(Workspace workspace, DriverLog log)
{
    /// <summary>Name on the command line, test project, test class, rounds unless asked for otherwise.</summary>
    private static readonly (string Name, string Project, string Tests, int Rounds)[] _sweeps =
    [
        ("kill", "Serenity.Build.IntegrationTests", "Sweeps.KillTests", 100),
        ("determinism", "Serenity.Build.IntegrationTests", "Sweeps.DeterminismTests", 20),
        ("arm64", "Serenity.Onnx.Tests", "Device.Arm64Tests", 1),
        ("ranges", "Serenity.Onnx.Tests", "Serenity.Onnx.Tests.Ranges.", 1000),
        ("pieces", "Serenity.Onnx.Tests", "Rewrites.Partition.PartitionPropertyTests", 2_000),
        ("rows", "Serenity.Onnx.Tests", "Rewrites.Rolling.RollingPropertyTests", 2_000),
        ("pools", "Serenity.Planning.Tests", "Placement.Pools.PoolPlannerTests.Equals_every_choice", 2_000),
        ("traffic", "Serenity.Planning.Tests", "Traffic.Traffic", 5_000),
        ("sizes", "Serenity.Onnx.Tests", "Pipeline.RandomSizesTests", 500),
    ];

    /// <summary>Packs, and runs one sweep.</summary>
    /// <param name="arguments">Its name, and how many rounds, or on which machines.</param>
    public int Run(IReadOnlyList<string> arguments)
    {
        if (arguments is ["machines", ..])
            return new MachineSweep(workspace, log).Run([.. arguments.Skip(1)]);
        if (arguments is ["versions", ..])
        {
            string[] versions = [.. arguments.Skip(1).Where(a => a != "--write")];
            RuntimeNatives natives = new(log);
            IEnumerable<string> libraries = (versions.Length == 0 ? RuntimeNatives.Usual : versions).Select(version => $"{version}={natives.Ensure(version)}");
            return new ProjectVerb(workspace, log, "Serenity.Benchmarks").Run(["versions", .. arguments.Where(a => a == "--write"), .. libraries]);
        }
        if (arguments is ["conformance", ..])
            return new ProjectVerb(workspace, log, "Serenity.Benchmarks").Run([.. arguments]);
        if (arguments is ["arm64", _, ..] && !int.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            Environment.SetEnvironmentVariable("SERENITY_SWEEP_MODELS", string.Join(',', arguments.Skip(1)));
            arguments = ["arm64"];
        }
        (string name, string project, string tests, int rounds) = arguments.Count is 1 or 2 ? Array.Find(_sweeps, s => s.Name == arguments[0]) : default;
        if (name is null || (arguments.Count == 2 && !int.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out rounds)))
            throw new DriverException($"usage: sweep {string.Join('|', _sweeps.Select(s => s.Name))} [ROUNDS], sweep arm64 MODEL…, sweep machines [MACHINE…], sweep versions [--write] [VERSION…], or sweep conformance DIR");
        new PackVerb(workspace, log).Run();
        ConsumerEnvironment.Set(workspace);
        Environment.SetEnvironmentVariable("SERENITY_SWEEP", rounds.ToString(CultureInfo.InvariantCulture));
        new DeviceTools(log).Ensure();
        return ChildProcess.Run(
            "dotnet", ["test", Path.Combine(workspace.Root, "tests", project, project + ".csproj"), "-c", "Release", "--no-build", "--nologo", "--logger", "console;verbosity=detailed", "--filter", "FullyQualifiedName~" + tests],
            workspace.Root);
    }
}
