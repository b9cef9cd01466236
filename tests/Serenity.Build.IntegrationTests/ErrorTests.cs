using System.Diagnostics;

namespace Serenity.Build.IntegrationTests;

[TestClass]
public sealed class ErrorTests
{
    [TestMethod]
    public void Every_wrong_item_is_one_clear_error_and_all_come_at_once()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="good.onnx" Executor="Tpu" />
                  <SerenityModel Include="missing.onnx" />
                  <SerenityModel Include="up.onnx" TargetPath="../up.onnx" />
                  <SerenityModel Include="twin.onnx" TargetPath="same.onnx" />
                  <SerenityModel Include="other.onnx" TargetPath="same.onnx" />
                </ItemGroup>
                """,
        };
        foreach (string name in (string[])["good.onnx", "up.onnx", "twin.onnx", "other.onnx"])
            project.Model(name, 1);
        BuildResult result = project.Build().Fails();
        CollectionAssert.AreEquivalent(
            (string[])["SER1101 good.onnx", "SER1201 missing.onnx", "SER1103 up.onnx", "SER1103 other.onnx"], result.Errors.Select(e => $"{e.Code} {e.About}").ToArray());
    }

    [TestMethod]
    public void A_switch_that_is_neither_on_nor_off_is_an_error()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        BuildResult result = project.Build("-p:SerenityEnabled=1").Fails();
        CollectionAssert.AreEqual((string[])["SER1101"], result.Errors.Select(e => e.Code).ToArray());
        // To MSBuild, "on" and "yes" are true.
        Assert.HasCount(1, project.Build("-p:SerenityEnabled=Yes").Succeeds().Optimized);
    }

    /// <summary>Sizes and a header that the project asks for everywhere, and models that have no use for them.</summary>
    [TestMethod]
    public void Defaults_of_the_project_need_not_fit_every_model()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <PropertyGroup><SerenityFreeDimensions>batch=3</SerenityFreeDimensions><SerenityHeader>true</SerenityHeader></PropertyGroup>
                <ItemGroup><SerenityModel Include="a.onnx" /><SerenityModel Include="b.onnx" Executor="StaticArena" /></ItemGroup>
                """,
        };
        project.Model("a.onnx");
        project.Model("b.onnx", 2);
        project.Build().Succeeds();
        Assert.IsTrue(File.Exists(project.Output("b.memory.h")) && !File.Exists(project.Output("a.memory.h")));
    }

    [TestMethod]
    public void A_file_that_is_no_model_fails_alone_and_without_a_stack()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="*.onnx" /></ItemGroup>""" };
        project.Model("good.onnx");
        File.WriteAllText(project["bad.onnx"], "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        BuildResult result = project.Build().Fails();
        CollectionAssert.AreEqual((string[])["SER1202 bad.onnx"], result.Errors.Select(e => $"{e.Code} {e.About}").ToArray());
        Assert.DoesNotContain("   at ", result.Output);
        Assert.DoesNotContain("MSB4018", result.Output);
        Assert.IsTrue(File.Exists(project.Staged("good.onnx")) && !File.Exists(project.Staged("bad.onnx")));

        File.Delete(project["bad.onnx"]);
        BuildResult mended = project.Build().Succeeds();
        Assert.IsEmpty(mended.Optimized, "the good one was done");
    }

    [TestMethod]
    public void A_model_that_crashes_onnx_runtime_is_an_error_and_the_others_are_built()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="*.onnx" /></ItemGroup>""" };
        project.Model("a.onnx", 1);
        Serenity.Onnx.Models.ModelFile.Save(Testing.Models.CrashingModel.Create(), project["crash.onnx"]);
        project.Model("z.onnx", 2);
        BuildResult result = project.Build().Fails();
        CollectionAssert.AreEqual((string[])["SER1702 crash.onnx"], result.Errors.Select(e => $"{e.Code} {e.About}").ToArray());
        Assert.IsTrue(File.Exists(project.Staged("a.onnx")) && File.Exists(project.Staged("z.onnx")) && !File.Exists(project.Staged("crash.onnx")));

        File.Delete(project["crash.onnx"]);
        Assert.IsEmpty(project.Build().Succeeds().Optimized, "the good ones were done");
    }

    [TestMethod]
    public void Warnings_can_be_made_errors_by_code_and_are_repeated()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" SearchLimit="1" Rewrite="None" Verify="false" /></ItemGroup>""" };
        Serenity.Onnx.Models.ModelFile.Save(Testing.Models.IrregularModels.WattsStrogatz(vertices: 20, seed: 2, channels: 4, size: 6), project["net.onnx"]);
        for (int i = 0; i < 2; i++)
            CollectionAssert.Contains(project.Build().Succeeds().Warnings.ToArray(), ("SER2401", "net.onnx"));
        CollectionAssert.Contains(project.Build("-warnaserror:SER2401").Fails().Errors.ToArray(), ("SER2401", "net.onnx"));
    }

    [TestMethod]
    public void Ctrl_C_ends_the_build_and_leaves_nothing_half_written()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("Sends an interrupt.");
        if (OperatingSystem.IsLinux() && IgnoresInterrupts())
            Assert.Inconclusive("This process was started so that it and its children ignore interrupts, as a background job of a shell is.");
        // A search of many minutes.
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" SearchLimit="1000000000000" Rewrite="None" Verify="false" /></ItemGroup>""" };
        project.Run(["--version"]);
        Serenity.Onnx.Models.ModelFile.Save(Testing.Models.IrregularModels.WattsStrogatz(vertices: 300, seed: 2, channels: 4, size: 6), project["net.onnx"]);
        ProcessStartInfo start = DotNet.StartInfo(project.Folder, ["build", "--no-restore", "-tl:off", "-v:diag"]);
        using Process build = Process.Start(start)!;
        bool waiting = false;
        while (!waiting && build.StandardOutput.ReadLine() is { } line)
            waiting = line.Contains("Task \"SerenityOptimize\"", StringComparison.Ordinal);
        Assert.IsTrue(waiting, "the task was never reached");
        _ = build.StandardOutput.ReadToEndAsync();
        Thread.Sleep(500);
        Process.Start("kill", ["-INT", build.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
        bool ended = build.WaitForExit(TimeSpan.FromMinutes(2));
        if (!ended)
            build.Kill(entireProcessTree: true);
        Assert.IsTrue(ended, "the build went on after Ctrl+C");
        Assert.AreNotEqual(0, build.ExitCode);
        Assert.IsFalse(Directory.Exists(project.Staged("")) && Directory.EnumerateFiles(project.Staged("")).Any());
    }

    private static bool IgnoresInterrupts()
    {
        const int interrupt = 2;
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..];
        return (ulong.Parse(ignored.Trim(), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture) >> (interrupt - 1) & 1) != 0;
    }
}
