using System.Diagnostics;
using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// <c>large [LAYERSxWIDTH[xTOKENS]…] [--sequence=N]</c>: encoders made for it, with their weights outside the file, each planned and verified in a process of its own: seconds, and
/// the most that the process held, beside the weights. By default 12x768 (340 MB) and 24x1024 (1.3 GB).
/// </summary>
internal static class LargeBenchmark
{
    public static int Run(string[] args)
    {
        string sequence = args.FirstOrDefault(a => a.StartsWith("--sequence=", StringComparison.Ordinal))?[11..] ?? "128";
        if (args is ["--worker", var path, ..])
            return Work(path, long.Parse(sequence, CultureInfo.InvariantCulture));
        string[] sizes = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        foreach (string size in sizes.Length > 0 ? sizes : ["12x768", "24x1024x30000"])
        {
            int[] parts = [.. size.Split('x').Select(p => int.Parse(p, CultureInfo.InvariantCulture))];
            DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-large-");
            try
            {
                (string model, long bytes) = LargeEncoder.Write(folder.FullName, parts[0], parts[1], parts.Length > 2 ? parts[2] : 1000);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{size}: weights {bytes:N0}"));
                ProcessStartInfo start = new(Environment.ProcessPath!);
                if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
                    start.ArgumentList.Add(typeof(LargeBenchmark).Assembly.Location);
                foreach (string argument in (string[])["large", "--worker", model, $"--sequence={sequence}"])
                    start.ArgumentList.Add(argument);
                using Process worker = Process.Start(start)!;
                worker.WaitForExit();
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
        return 0;
    }

    private static int Work(string path, long sequence)
    {
        Stopwatch clock = Stopwatch.StartNew();
        List<string> stages = [];
        void Note(string stage) => stages.Add(string.Create(CultureInfo.InvariantCulture, $"{stage} {clock.Elapsed.TotalSeconds:F1}s {Peak() >> 20} MiB"));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = path,
            FreeDimensions = new Dictionary<string, long> { ["batch"] = 1, ["sequence"] = sequence },
            Progress = stage => Note(stage.ToString()),
        });
        WrittenModel written = WrittenModel.Create(result.Model, path, "written.onnx");
        Note("End");
        Console.WriteLine(string.Join("\n", stages.Select(s => "  " + s)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  peak {result.Peak.OriginalBytes:N0} -> {result.Peak.Bytes:N0}, verification {result.Verification?.Status} {result.Verification?.Reason}, {clock.Elapsed.TotalSeconds:F1} s, most held {Peak():N0} bytes, file {written.Bytes.Length:N0}"));
        foreach (Serenity.Onnx.Diagnostics.SerenityDiagnostic warning in result.Warnings)
            Console.WriteLine($"  {warning.Code} {warning.Message}");
        return 0;
    }

    private static long Peak()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }
}
