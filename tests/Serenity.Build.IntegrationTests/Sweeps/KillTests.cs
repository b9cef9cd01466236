using System.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests.Sweeps;

/// <summary>
/// A build that is killed at any moment, with all its processes or alone, or that loses the process it works on models in, costs nothing but time: the next one's outputs are those of
/// a build that nobody disturbed, nothing goes on running, and nothing is left among the temporary files.
/// </summary>
[TestClass]
public sealed class KillTests
{
    private const string Body =
        """
        <ItemGroup>
          <SerenityModel Include="models/*.onnx" MemoryBudget="1MiB" Report="true" />
          <SerenityModel Include="arena.onnx" Executor="StaticArena" Header="true" />
        </ItemGroup>
        """;

    [TestMethod]
    public void A_build_after_one_that_was_killed_gives_what_an_undisturbed_one_gives()
    {
        SortedDictionary<string, string>[] expected = [Undisturbed(0, out TimeSpan took), Undisturbed(1, out _)];
        Assert.HasCount(16, expected[0]);
        // From nothing, and over what is there, which may be in the plan cache.
        TimeSpan fromNothing = took, over = took;
        TestRandom random = new(20);
        using ConsumerProject project = new() { Body = Body };
        int rounds = SweepSize.Rounds(ordinarily: 3), late = 0;
        List<TimeSpan> moments = [];
        for (int round = 0; round < rounds; round++)
        {
            // Half of the time from nothing; else over what the round before left, which was made from other models.
            int variant = round % 2;
            bool wiped = round / 2 % 2 == 0;
            if (wiped)
                Wipe(project);
            WriteModels(project, variant);
            // Moments are spread over the whole build, each a random one in a stretch of its own.
            TimeSpan after = (wiped ? fromNothing : over) * (((7 * round % rounds) + random.Unit()) / rounds);
            while (!Kill(project, after, (Victim)(round % 3)))
            {
                // It had ended: so long does a build not take. Another one, from nothing, and a moment of its own.
                late++;
                if (wiped)
                    fromNothing = after;
                else
                    over = after;
                Wipe(project);
                wiped = true;
                after = fromNothing * random.Unit();
            }
            moments.Add(after);
            string when = $"after kill {round} ({(Victim)(round % 3)}) at {after.TotalMilliseconds:0} ms";
            project.Run(["build", "--no-restore"], Surroundings(project)).Succeeds();
            BuildOutputs.AreSame(expected[variant], BuildOutputs.Of(project), when);
            Assert.IsTrue(SpinWait.SpinUntil(() => Hosts(project).Length == 0, TimeSpan.FromMinutes(1)), $"a host lives on {when}");
        }
        // The next host removes what both parent and host were killed too early to remove. A build that had nothing left to do had no host; and on a loaded machine one that is not
        // done a second after its build is ended, and leaves the rest to the next.
        for (int builds = 0; builds == 0 || (builds < 4 && Directory.GetDirectories(Temporary(project), "serenity-host-*").Length > 0); builds++)
        {
            Wipe(project);
            project.Run(["build", "--no-restore"], Surroundings(project)).Succeeds();
            Assert.IsTrue(SpinWait.SpinUntil(() => Hosts(project).Length == 0, TimeSpan.FromMinutes(1)), "a host lives on");
        }
        Assert.IsEmpty(Directory.GetDirectories(Temporary(project), "serenity-host-*"), "folders of hosts lie among the temporary files");
        moments.Sort();
        Console.WriteLine(
            $"{rounds} builds were killed before they ended, {moments[0].TotalMilliseconds:0} to {moments[^1].TotalMilliseconds:0} ms after their start, half of them after {moments[moments.Count / 2].TotalMilliseconds:0} ms"
            + $" ({late} more had ended and do not count); each next build gave the same bytes.");
    }

    private static SortedDictionary<string, string> Undisturbed(int variant, out TimeSpan took)
    {
        using ConsumerProject project = new() { Body = Body };
        WriteModels(project, variant);
        long start = Stopwatch.GetTimestamp();
        project.Build().Succeeds();
        took = Stopwatch.GetElapsedTime(start);
        return BuildOutputs.Of(project);
    }

    private static void WriteModels(ConsumerProject project, int variant)
    {
        for (ulong i = 0; i < 3; i++)
            project.Model($"models/net{i}.onnx", (10 * (ulong)variant) + i + 1);
        project.Model("arena.onnx", (ulong)variant + 40);
        // Large enough that many a build is killed while it writes or copies this one.
        ModelFile.Save(Large(variant), project["models/large.onnx"]);
    }

    private static ModelProto Large(int variant)
    {
        const int Size = 3072;
        OnnxModelBuilder model = new();
        float[] weights = new float[Size * Size];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = ((i + variant) % 7) - 3;
        string product = model.Node("MatMul", [model.Input("x", TensorProto.Types.DataType.Float, 1, Size), model.Weight(weights, Size, Size)]);
        model.Output(model.Node("Relu", [product]));
        return model.Build();
    }

    private static void Wipe(ConsumerProject project)
    {
        foreach (string folder in (string[])["bin", "obj/Debug", "obj/serenity-cache"])
        {
            if (Directory.Exists(project[folder]))
                Directory.Delete(project[folder], recursive: true);
        }
    }

    /// <summary>What is killed.</summary>
    private enum Victim
    {
        All,
        Build,
        Host,
    }

    private static string Temporary(ConsumerProject project) => Directory.CreateDirectory(Path.Combine(project.Root, "tmp")).FullName;

    private static Dictionary<string, string> Surroundings(ConsumerProject project) => new(StringComparer.Ordinal) { ["TMPDIR"] = Temporary(project) };

    /// <summary>Hosts of the project's builds, told by the folder that they share with their parent; none where there is no /proc.</summary>
    private static Process[] Hosts(ConsumerProject project) => OperatingSystem.IsLinux()
        ? [.. Process.GetProcessesByName("dotnet").Concat(Process.GetProcessesByName("Serenity.Host")).Where(p => CommandLine(p).Contains(Temporary(project), StringComparison.Ordinal))]
        : [];

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Starts a build and ends it, or its host, without asking, after some time.</summary>
    /// <returns>False if it had ended by itself.</returns>
    private static bool Kill(ConsumerProject project, TimeSpan after, Victim victim)
    {
        project.WriteProjectFile();
        using Process build = Process.Start(DotNet.StartInfo(project.Folder, ["build", "--no-restore", "-tl:off", "-v:q"], Surroundings(project)))!;
        build.OutputDataReceived += static (_, _) => { };
        build.ErrorDataReceived += static (_, _) => { };
        build.BeginOutputReadLine();
        build.BeginErrorReadLine();
        bool ended = build.WaitForExit(after);
        if (victim == Victim.Host && !ended)
        {
            foreach (Process host in Hosts(project))
                host.Kill();
            // It goes on, with another host or with an error at a model.
            build.WaitForExit();
            return true;
        }
        build.Kill(entireProcessTree: victim == Victim.All);
        build.WaitForExit();
        return !ended;
    }
}
