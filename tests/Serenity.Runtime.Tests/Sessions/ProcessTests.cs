using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Serenity.Runtime.Tests.Sessions;

/// <summary>What needs a process of its own, with the .NET Standard build.</summary>
[TestClass]
public sealed class ProcessTests
{
    [TestMethod]
    public void The_standard_build_runs_as_planned()
    {
        string output = Probe("run");
        StringAssert.Contains(output, "framework .NETStandard,Version=v2.0");
        StringAssert.Contains(output, "same True\nplanned True\nunplanned 0");
    }

    [TestMethod]
    [DataRow("arena", "An arena is registered already.")]
    [DataRow("custom", "An allocator is registered already.")]
    public void Another_registered_allocator_is_told_with_a_way_out(string verb, string what)
    {
        string output = Probe(verb);
        StringAssert.Contains(output, "error Planned sessions cannot have their allocator: " + what);
        StringAssert.Contains(output, "AllowHeap");
        StringAssert.Contains(output, "planned False\nwhy another allocator serves");
        StringAssert.Contains(output, "runs 1");
    }

    [TestMethod]
    public void An_allocator_that_comes_later_is_noticed()
    {
        string output = Probe("later");
        StringAssert.Contains(output, "error Planned sessions cannot have their allocator: Another was registered since.");
        StringAssert.Contains(output, "before 0");
    }

    [TestMethod]
    public void A_process_may_end_with_all_of_it_in_use() => StringAssert.Contains(Probe("exit"), "outputs 1");

    /// <summary>Runs the probe on a model of its own; it must end well.</summary>
    private static string Probe(string verb)
    {
        TestModel model = RunTests.Make("darts");
        string folder = Directory.CreateTempSubdirectory("serenity-runtime-").FullName;
        try
        {
            string path = Path.Combine(folder, "net.onnx");
            File.WriteAllBytes(path, model.Bytes);
            File.WriteAllText(MemoryPlan.PathFor(path), Text(model.Plan()));
            // .../tests/Serenity.Runtime.Tests/bin/Release/net10.0
            DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            string probe = Path.Combine(own.Parent!.Parent!.Parent!.Parent!.FullName, "Serenity.Runtime.Probe", "bin", own.Parent.Name, own.Name, "Serenity.Runtime.Probe.dll");
            using Process process = Process.Start(new ProcessStartInfo("dotnet", [probe, verb, path]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, output + errors.Result);
            return output.ReplaceLineEndings("\n");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(MemoryPlan plan)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"serenity-plan 1\nonnxruntime {plan.OnnxRuntimeVersion}\n");
        foreach (BlockPlan block in plan.Blocks)
        {
            text.Append(CultureInfo.InvariantCulture, $"block {block.Architecture} {block.Threads} {block.BlockBytes} {block.CallCount}\n");
            foreach (PlannedCall call in block.Calls)
                text.Append(CultureInfo.InvariantCulture, $"{call.Bytes} {call.Offset}{(call.Output >= 0 ? " " + call.Output : "")}\n");
        }
        return text.ToString();
    }
}
