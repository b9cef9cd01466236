using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Serenity.Benchmarks.Conformance;

/// <summary>
/// <c>conformance DIR [--only TEXT] [--out FILE]</c>: ONNX's own conformance models (Debian: libonnx-testdata), each planned with <c>Rewrite="Exact"</c> and run on the suite's data
/// beside the source. Every model is tried in a worker process, so that one that crashes native code ends its worker and not the sweep.
/// </summary>
internal static class ConformanceSweep
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    public static int Run(string[] args)
    {
        if (args is ["--worker"])
            return ConformanceWorker.Run();
        if (args.Length == 0 || !Directory.Exists(args[0]))
            throw new ArgumentException("usage: conformance DIR [--only TEXT] [--out FILE]");
        string only = After(args, "--only") ?? "";
        ConcurrentQueue<string> models = new(Directory.EnumerateFiles(args[0], "model.onnx", SearchOption.AllDirectories)
            .Where(p => p.Contains(only, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        ConcurrentBag<ConformanceRow> rows = [];
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() => Work(models, rows)))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());

        ConformanceRow[] sorted = [.. rows.OrderBy(r => r.Model, StringComparer.Ordinal)];
        string text = Table(sorted);
        if (After(args, "--out") is { } file)
            File.WriteAllText(file, text);
        else
            Console.Write(text);
        int runs = sorted.Count(r => r.Fate != ConformanceFate.NotRun), refused = sorted.Count(r => r.Fate == ConformanceFate.Refused);
        return sorted.Any(r => r.Fate is ConformanceFate.Died or ConformanceFate.Different) || refused > 0.02 * runs ? 1 : 0;
    }

    private static string? After(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;

    private static void Work(ConcurrentQueue<string> models, ConcurrentBag<ConformanceRow> rows)
    {
        Process? worker = null;
        while (models.TryDequeue(out string? model))
        {
            worker ??= Start();
            worker.StandardInput.WriteLine(model);
            worker.StandardInput.Flush();
            Task<string?> line = worker.StandardOutput.ReadLineAsync();
            bool inTime = line.Wait(_patience), runs = inTime && line.Result == ConformanceWorker.Runs;
            if (runs)
            {
                line = worker.StandardOutput.ReadLineAsync();
                inTime = line.Wait(_patience);
            }
            if (inTime && line.Result is { } row)
            {
                rows.Add(ConformanceRow.Parse(row));
                continue;
            }
            if (!worker.HasExited)
                worker.Kill(entireProcessTree: true);
            worker.WaitForExit();
            rows.Add(new ConformanceRow(Path.GetFileName(Path.GetDirectoryName(model))!, runs || !inTime ? ConformanceFate.Died : ConformanceFate.NotRun, inTime ? $"exit code {worker.ExitCode}" : "more than a minute"));
            worker.Dispose();
            worker = null;
        }
        worker?.StandardInput.Close();
        worker?.WaitForExit();
        worker?.Dispose();
    }

    private static Process Start()
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // "dotnet program.dll", or the program's own executable.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ConformanceSweep).Assembly.Location);
        start.ArgumentList.Add("conformance");
        start.ArgumentList.Add("--worker");
        Process worker = Process.Start(start)!;
        worker.ErrorDataReceived += (_, _) => { };
        worker.BeginErrorReadLine();
        return worker;
    }

    private static string Table(ConformanceRow[] rows)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine("| models | what became of them |\n|--:|---|");
        foreach ((ConformanceFate fate, string says) in (ReadOnlySpan<(ConformanceFate, string)>)[
            (ConformanceFate.NotRun, "ONNX Runtime itself does not load or run them on the suite's data, or ends the process"), (ConformanceFate.Same, "planned, and the file written gives the source's outputs bit for bit"),
            (ConformanceFate.Random, "planned; they give random values"), (ConformanceFate.Different, "planned, and outputs differ"), (ConformanceFate.Refused, "refused"), (ConformanceFate.Died, "crashed or hung")])
            text.WriteLine($"| {rows.Count(r => r.Fate == fate)} | {says} |");
        text.WriteLine("\n| model | | reason |\n|---|---|---|");
        foreach (ConformanceRow row in rows.Where(r => r.Fate != ConformanceFate.Same || r.Reason.Length > 0))
            text.WriteLine($"| {row.Model} | {row.Fate} | {row.Reason.Replace('|', '/')} |");
        return text.ToString();
    }
}
