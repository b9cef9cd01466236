using System.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
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
            while (!Kill(project, after))
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
            project.Build().Succeeds();
            BuildOutputs.AreSame(expected[variant], BuildOutputs.Of(project), $"after kill {round} at {after.TotalMilliseconds:0} ms");
        }
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
