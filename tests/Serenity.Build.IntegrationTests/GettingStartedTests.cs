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

    // What an earlier step put there is replaced, as a reader would.
    private static void PutIntoProject(string path, string group)
    {
        string project = Regex.Replace(File.ReadAllText(path), "<ItemGroup>\\s*<SerenityModel.*?</ItemGroup>\\s*", "", RegexOptions.Singleline);
        File.WriteAllText(path, project.Replace("</Project>", group + "</Project>", StringComparison.Ordinal));
    }

    private static (int ExitCode, string Output) Shell(string commands, string folder)
    {
        // The environment of a user's shell: DotNet removes what this test host adds.
        ProcessStartInfo like = DotNet.StartInfo(folder, []);
        ProcessStartInfo start = new("bash") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach ((string name, string? value) in like.Environment)
            start.Environment[name] = value;
        start.Environment["SERENITY"] = Checkout.Root;
        start.Environment["NUGET_PACKAGES"] = Path.Combine(Path.GetDirectoryName(folder)!, "packages");
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
