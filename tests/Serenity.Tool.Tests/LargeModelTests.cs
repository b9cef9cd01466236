using System.Diagnostics;
using System.Globalization;
using Serenity.Testing.Models;

namespace Serenity.Tool.Tests;

/// <summary>A model is mostly its weights, and they are not copied about. <c>bench large</c> is the long version, with encoders of 340 MB and 1.3 GB.</summary>
[TestClass]
public sealed class LargeModelTests
{
    /// <summary>What a process holds with a tiny model: .NET, ONNX Runtime, our own code; about 90 MB, and as much again to be sure on any machine.</summary>
    private const long Otherwise = 180L << 20;

    [TestMethod]
    public void The_most_that_is_held_is_two_and_a_half_times_the_weights()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("What a process held is read from /proc.");
            return;
        }
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-large-");
        try
        {
            (string path, long weights) = LargeEncoder.Write(folder.FullName, layers: 2, width: 1024);
            ProcessStartInfo start = new("dotnet") { WorkingDirectory = folder.FullName, UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
            foreach (string argument in (string[])["exec", "--roll-forward", "Major", typeof(SerenityCommandLine).Assembly.Location, "optimize", path, "-d", "batch=1", "-d", "sequence=8", "--in-process", "-o", "made.onnx"])
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            long most = 0;
            // The highest so far, however late it is asked.
            while (!process.WaitForExit(10))
                most = Math.Max(most, MostHeld(process.Id));
            Assert.AreEqual(0, process.ExitCode, error.Result);
            StringAssert.Contains(output.Result, "verification passed");
            Assert.IsGreaterThan(weights, most, "The weights were loaded.");
            Assert.IsLessThan((5 * weights / 2) + Otherwise, most, $"of {weights} bytes of weights");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static long MostHeld(int process)
    {
        try
        {
            string line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Split('\t')[^1], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return 0;
        }
    }
}
