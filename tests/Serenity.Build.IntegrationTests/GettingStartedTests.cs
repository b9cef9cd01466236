using System.Diagnostics;
using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Build.IntegrationTests;

/// <summary>Does what docs/getting-started.md says, word for word, in an empty folder.</summary>
[TestClass]
public sealed partial class GettingStartedTests
{
    [TestMethod]
    public void The_page_works_as_it_stands()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("The page's commands are for a POSIX shell.");
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "getting-started.md"));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-started-");
        string app = Directory.CreateDirectory(Path.Combine(folder.FullName, "Tiny")).FullName;
        // Nothing of a folder above may reach in.
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder.FullName, file), "<Project />\n");
        try
        {
            string last = "";
            int steps = 0;
            foreach (Match block in Block().Matches(page))
            {
                steps++;
                string content = block.Groups["content"].Value;
                switch (block.Groups["kind"].Value)
                {
                    case "steps":
                        (int exit, last) = Shell(content, app);
                        Assert.AreEqual(0, exit, content + last);
                        break;
                    case "fails":
                        (exit, last) = Shell(content, app);
                        Assert.AreNotEqual(0, exit, content + last);
                        StringAssert.Contains(last, "error SER1001");
                        Assert.IsFalse(File.Exists(Path.Combine(app, "bin/Debug/net10.0/models/randwire.onnx")), "Nothing over budget reaches the output folder.");
                        break;
                    case "csproj":
                        PutIntoProject(Path.Combine(app, "Tiny.csproj"), content);
                        break;
                    default:
                        File.WriteAllText(Path.Combine(app, block.Groups["kind"].Value), content);
                        break;
                }
            }
            Assert.IsGreaterThan(6, steps, "The page's blocks were not found.");
            StringAssert.Matches(last, new Regex(@"randwire\.onnx needs [1-9][0-9]* bytes at its peak"));
            StringAssert.StartsWith(File.ReadAllText(Path.Combine(app, "bin/Debug/net10.0/models/randwire.memory.html")), "<!doctype html>");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void README_alone_leads_to_a_verdict_and_over_budget_to_what_fits()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("The page's commands are for a POSIX shell.");
        Dictionary<string, string> blocks = Block().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "README.md"))).ToDictionary(m => m.Groups["kind"].Value, m => m.Groups["content"].Value);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-readme-");
        string app = Directory.CreateDirectory(Path.Combine(folder.FullName, "Tiny")).FullName;
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder.FullName, file), "<Project />\n");
        try
        {
            // A user who has none of this yet; the packages were made for this run.
            const string Made = "./build.sh pack\n";
            Assert.Contains(Made, blocks["readme-once"]);
            Succeeds(blocks["readme-once"].Replace(Made, "", StringComparison.Ordinal), Checkout.Root);
            Succeeds($"dotnet new console --name Tiny --output .\nmkdir models\ncp {Checkout.Root}/samples/ConsoleApp/models/randwire.onnx models/\n", app);
            string first = Succeeds(blocks["readme"], app);
            StringAssert.Matches(first, new Regex(@"randwire\.onnx .* 1 MiB +fits"));
            string project = Path.Combine(app, "Tiny.csproj");
            void Budget(string budget)
            {
                string text = File.ReadAllText(project), other = Regex.Replace(text, "MemoryBudget=\"[^\"]+\"", $"MemoryBudget=\"{budget}\"");
                Assert.AreNotEqual(text, other, "The item has the budget that was given.");
                File.WriteAllText(project, other);
            }
            Budget("16KiB");
            (int exit, string output) = Shell("dotnet build", app, folder.FullName);
            Assert.AreNotEqual(0, exit, output);
            Match least = Regex.Match(output, "The least budget that passes now is MemoryBudget=\"(?<budget>[^\"]+)\"");
            Assert.IsTrue(least.Success, output);
            Budget(least.Groups["budget"].Value);
            StringAssert.Matches(Succeeds("dotnet build", app), new Regex(@"randwire\.onnx .* fits"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        string Succeeds(string commands, string where)
        {
            (int exit, string output) = Shell(commands, where, folder.FullName);
            Assert.AreEqual(0, exit, commands + output);
            return output;
        }
    }

    // What an earlier step put there is replaced, as a reader would.
    private static void PutIntoProject(string path, string group)
    {
        string project = Regex.Replace(File.ReadAllText(path), "<ItemGroup>\\s*<SerenityModel.*?</ItemGroup>\\s*", "", RegexOptions.Singleline);
        File.WriteAllText(path, project.Replace("</Project>", group + "</Project>", StringComparison.Ordinal));
    }

    /// <summary>Runs commands in a shell.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="folder">Where.</param>
    /// <param name="home">The user's folder, with settings and tools; null for the one of this machine's user.</param>
    private static (int ExitCode, string Output) Shell(string commands, string folder, string? home = null)
    {
        // The environment of a user's shell: DotNet removes what this test host adds.
        ProcessStartInfo like = DotNet.StartInfo(folder, []);
        ProcessStartInfo start = new("bash") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach ((string name, string? value) in like.Environment)
            start.Environment[name] = value;
        start.Environment["SERENITY"] = Checkout.Root;
        start.Environment["NUGET_PACKAGES"] = Path.Combine(Path.GetDirectoryName(folder)!, "packages");
        if (home is not null)
        {
            start.Environment["HOME"] = start.Environment["DOTNET_CLI_HOME"] = home;
            start.Environment["NUGET_PACKAGES"] = Path.Combine(home, "packages");
            start.Environment["PATH"] = $"{Path.Combine(home, ".dotnet", "tools")}:{start.Environment["PATH"]}";
        }
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(commands + "\n");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(10)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"Did not end: {commands}");
        }
        return (process.ExitCode, output.Result + error.Result);
    }

    [GeneratedRegex(@"<!-- test: (?<kind>\S+) -->\n```\w+\n(?<content>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
