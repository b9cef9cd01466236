using System.Diagnostics;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests.Sweeps;

/// <summary>A build that is killed at any moment costs nothing but time: the next one's outputs are those of a build that nobody disturbed.</summary>
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
        Assert.HasCount(13, expected[0]);
        TestRandom random = new(20);
        using ConsumerProject project = new() { Body = Body };
        int rounds = SweepSize.Rounds(ordinarily: 3), struck = 0;
        for (int round = 0; round < rounds; round++)
        {
            // Half of the time from nothing; else over what the round before left, which was made from other models.
            int variant = round % 2;
            if (round / 2 % 2 == 0)
                Wipe(project);
            WriteModels(project, variant);
            struck += Kill(project, took * (0.15 + (1.0 * random.Unit()))) ? 1 : 0;
            project.Build().Succeeds();
            BuildOutputs.AreSame(expected[variant], BuildOutputs.Of(project), $"after kill {round}");
        }
        Console.WriteLine($"{rounds} builds, {struck} of them killed before they ended; each next build gave the same bytes.");
        if (rounds > 20)
            Assert.IsGreaterThan(rounds / 2, struck);
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
    }

    private static void Wipe(ConsumerProject project)
    {
        foreach (string folder in (string[])["bin", "obj/Debug", "obj/serenity-cache"])
        {
            if (Directory.Exists(project[folder]))
                Directory.Delete(project[folder], recursive: true);
        }
    }

    /// <summary>Starts a build and ends it and all its children, without asking, after some time.</summary>
    /// <returns>False if it had ended by itself.</returns>
    private static bool Kill(ConsumerProject project, TimeSpan after)
    {
        project.WriteProjectFile();
        using Process build = Process.Start(DotNet.StartInfo(project.Folder, ["build", "--no-restore", "-tl:off", "-v:q"]))!;
        build.OutputDataReceived += static (_, _) => { };
        build.ErrorDataReceived += static (_, _) => { };
        build.BeginOutputReadLine();
        build.BeginErrorReadLine();
        bool ended = build.WaitForExit(after);
        build.Kill(entireProcessTree: true);
        build.WaitForExit();
        return !ended;
    }
}
