using System.Diagnostics;
using System.Text.Json;

namespace Serenity.Build.IntegrationTests;

/// <summary>The packed command line, installed as a user would.</summary>
[TestClass]
public sealed class ToolPackageTests
{
    [TestMethod]
    public void The_tool_installs_from_its_package_and_gives_the_same_model_as_the_build()
    {
        string package = Directory.GetFiles(PackedPackage.Feed, "Serenity.Tool.*.nupkg").Single();
        string version = Path.GetFileNameWithoutExtension(package)["Serenity.Tool.".Length..];
        using ConsumerProject project = new() { Body = "<ItemGroup><SerenityModel Include=\"net.onnx\" /></ItemGroup>" };
        project.Model("net.onnx");
        Assert.AreEqual(0, project.Build().ExitCode);

        string tools = Path.Combine(project.Root, "tools");
        (int exit, string output) = DotNet.Run(
            project.Root, ["tool", "install", "Serenity.Tool", "--tool-path", tools, "--version", version, "--add-source", PackedPackage.Feed],
            new Dictionary<string, string> { ["NUGET_PACKAGES"] = Path.Combine(project.Root, "tool-packages") });
        Assert.AreEqual(0, exit, output);

        (exit, output) = Run(tools, project.Folder, "optimize", "net.onnx", "--output", "out/net.onnx", "--budget", "1GiB", "--json");
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("pass", JsonDocument.Parse(output).RootElement.GetProperty("budget").GetProperty("verdict").GetString());
        CollectionAssert.AreEqual(File.ReadAllBytes(project.Output("net.onnx")), File.ReadAllBytes(project["out/net.onnx"]), "The same engine, the same defaults.");

        (exit, output) = Run(tools, project.Folder, "check", "out/net.memory.json", "--budget", "1KiB");
        Assert.AreEqual(1, exit, output);
        (exit, output) = Run(tools, project.Folder, "explain", "SER1001");
        Assert.AreEqual(0, exit, output);
    }

    // Standard output alone: what a script would read.
    private static (int ExitCode, string Output) Run(string tools, string folder, params string[] arguments)
    {
        ProcessStartInfo start = DotNet.StartInfo(folder, arguments);
        start.FileName = Path.Combine(tools, OperatingSystem.IsWindows() ? "dotnet-serenity.exe" : "dotnet-serenity");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.IsTrue(process.WaitForExit(TimeSpan.FromMinutes(10)), "The tool did not end.");
        return (process.ExitCode, process.ExitCode == 2 ? output.Result + error.Result : output.Result);
    }
}
