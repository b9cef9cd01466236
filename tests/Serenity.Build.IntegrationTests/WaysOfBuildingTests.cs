using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Serenity.Build.IntegrationTests;

/// <summary>Other ways to run the same build: threads instead of processes, a graph of projects, the terminal logger, dotnet watch.</summary>
[TestClass]
public sealed class WaysOfBuildingTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Threads_and_project_graphs_give_the_same_bytes()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="a.onnx;b.onnx" Report="true" /></ItemGroup>""" };
        project.Model("a.onnx");
        project.Model("b.onnx", 2);
        string[] outputs = ["a.onnx", "a.memory.json", "a.memory.html", "b.onnx", "b.memory.json", "b.memory.html"];
        byte[][]? plain = null;
        foreach (string[] way in (string[][])[[], ["-mt"], ["-graph", "-m:2"]])
        {
            BuildResult result = project.Build(way).Succeeds();
            Assert.AreEqual(2, result.Searches);
            byte[][] bytes = [.. outputs.Select(o => File.ReadAllBytes(project.Output(o)))];
            plain ??= bytes;
            for (int i = 0; i < outputs.Length; i++)
                CollectionAssert.AreEqual(plain[i], bytes[i], $"{outputs[i]} {string.Join(' ', way)}");
            foreach (string folder in (string[])[project["obj/serenity-cache"], project["obj/Debug"], project["bin"]])
                Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow("-tl:on")]
    [DataRow("-tl:off")]
    public void A_build_that_fails_shows_all_verdicts_in_one_table(string logger)
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="models/fits.onnx" MemoryBudget="1MiB" />
                  <SerenityModel Include="models/big.onnx" MemoryBudget="1B" />
                  <SerenityModel Include="models/bad.onnx" />
                </ItemGroup>
                """,
        };
        project.Model("models/fits.onnx");
        project.Model("models/big.onnx", 2);
        File.WriteAllText(project["models/bad.onnx"], "not a model");
        project.WriteProjectFile();
        using ConsumerProject other = new(project.Root, "other") { Body = """<ItemGroup><SerenityModel Include="wide.onnx" MemoryBudget="2B" /></ItemGroup>""" };
        other.Model("wide.onnx", 3);
        other.WriteProjectFile();
        File.WriteAllText(Path.Combine(project.Root, "all.slnx"), """<Solution><Project Path="app/app.csproj" /><Project Path="other/other.csproj" /></Solution>""");
        Dictionary<string, string> environment = new() { ["NO_COLOR"] = "1" };

        (int exit, string output) = DotNet.Run(project.Folder, ["build", "--no-restore", logger], environment);
        Assert.AreNotEqual(0, exit, output);
        HasTable(output, @"bad\.onnx .* error SER1202", @"fits\.onnx .* 1 MiB +fits", @"big\.onnx .* 1 B +.* over budget");
        StringAssert.Contains(output, "SER1001", StringComparison.Ordinal);
        StringAssert.DoesNotMatch(output, new Regex(@"^\s+at Serenity\.", RegexOptions.Multiline));
        // Beside the line of the project, where the page of all its models lies.
        StringAssert.Matches(output, new Regex(@"app.*(→|->) .*serenity-index\.html"));
        string index = File.ReadAllText(project.Staged("serenity-index.html"));
        StringAssert.Matches(index, new Regex("""href="models/big\.memory\.html"[^\n]*over budget"""));
        Assert.Contains("SER1202", index);

        // A build with nothing to make says it again; in a solution each project does.
        (exit, output) = DotNet.Run(project.Root, ["build", "all.slnx", "--no-restore", logger], environment);
        Assert.AreNotEqual(0, exit, output);
        HasTable(output, @"bad\.onnx .* error SER1202", @"fits\.onnx .* 1 MiB +fits", @"big\.onnx .* 1 B +.* over budget");
        HasTable(output, @"wide\.onnx .* 2 B +.* over budget");
    }

    // A heading, and below it these rows and no others.
    private static void HasTable(string output, params string[] rows)
    {
        string[] lines = [.. output.Split('\n').Select(line => line.Trim())];
        Assert.IsTrue(lines.Index().Any(heading => Regex.IsMatch(heading.Item, "^model +before +after +.*verdict$") && rows.Index().All(row =>
            heading.Index + 1 + row.Index < lines.Length && Regex.IsMatch(lines[heading.Index + 1 + row.Index], "^" + row.Item))), $"No table with {string.Join(", ", rows)} in\n{output}");
    }

    [TestMethod]
    public void The_terminal_logger_shows_the_table_behind_the_projects_output()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="models/*.onnx" MemoryBudget="1MiB" /></ItemGroup>""" };
        project.Model("models/one.onnx");
        project.Model("models/two.onnx", 2);
        project.WriteProjectFile();
        string published = Path.GetFullPath(project["../published"]);
        foreach (string[] verb in (string[][])[["build"], ["publish", "-o", published]])
        {
            (int exit, string output) = DotNet.Run(project.Folder, [.. verb, "--no-restore", "-c", verb[0], "-tl:on", "-m"], new Dictionary<string, string> { ["NO_COLOR"] = "1" });
            Assert.AreEqual(0, exit, output);
            string[] lines = output.Split('\n', StringSplitOptions.TrimEntries);
            int at = Array.FindIndex(lines, l => l.Contains('→', StringComparison.Ordinal));
            Assert.IsTrue(at >= 0, output);
            StringAssert.Contains(lines[at], verb[0] == "build" ? $"bin/{verb[0]}/net10.0/app.dll" : published);
            StringAssert.Matches(lines[at + 1], new Regex(@"^model +before +after +change .*budget +verdict"), output);
            StringAssert.Matches(lines[at + 2], new Regex(@"^one\.onnx .* 1 MiB +fits"), output);
            StringAssert.Matches(lines[at + 3], new Regex(@"^two\.onnx .* 1 MiB +fits"), output);
        }
    }

    [TestMethod]
    public async Task Dotnet_watch_makes_a_model_anew_when_it_is_replaced()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        project.Build().Succeeds();
        byte[] before = File.ReadAllBytes(project.Output("net.memory.json"));
        ProcessStartInfo start = DotNet.StartInfo(project.Folder, ["watch", "--non-interactive", "build", "--no-restore"]);
        using Process watch = Process.Start(start)!;
        StringBuilder output = new();
        watch.OutputDataReceived += (_, e) => { lock (output) output.AppendLine(e.Data); };
        watch.ErrorDataReceived += (_, e) => { lock (output) output.AppendLine(e.Data); };
        watch.BeginOutputReadLine();
        watch.BeginErrorReadLine();
        string Seen()
        {
            lock (output)
                return output.ToString();
        }
        try
        {
            await Until(() => Seen().Contains("Waiting for a file to change", StringComparison.Ordinal), Seen);
            project.Model("net.onnx", 99);
            await Until(() => !File.ReadAllBytes(project.Output("net.memory.json")).AsSpan().SequenceEqual(before), Seen);
        }
        finally
        {
            watch.Kill(entireProcessTree: true);
            await watch.WaitForExitAsync(TestContext.CancellationToken);
        }
    }

    private async Task Until(Func<bool> reached, Func<string> seen)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!Reached())
        {
            if (waited.Elapsed > _patience)
                Assert.Fail($"Not reached within {_patience}:\n{seen()}");
            await Task.Delay(100, TestContext.CancellationToken);
        }

        bool Reached()
        {
            try
            {
                return reached();
            }
            catch (IOException)
            {
                // Being replaced at this moment.
                return false;
            }
        }
    }
}
