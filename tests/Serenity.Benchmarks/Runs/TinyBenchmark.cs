using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// Networks for microcontrollers, given as tables of layers, as int8 models for one arena, each proven by running it there: bytes of the arena, live bytes, multiply-accumulates beside the
/// source's, steps. A table with the input apart, as such networks are usually counted, and one with the input in the arena. Exit code 1 if one was not proven.
/// </summary>
internal static class TinyBenchmark
{
    /// <summary>Plans each network named, or those of the test data.</summary>
    public static int Run(string[] args)
    {
        List<string> files = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        string? keep = args.FirstOrDefault(a => a.StartsWith("--keep=", StringComparison.Ordinal))?[7..];
        if (files.Count == 0)
            files.AddRange(SharedData.Files("data/tiny", "*.tsv"));
        bool failed = false;
        foreach (bool apart in new[] { true, false })
        {
            Console.WriteLine($"| network, input {(apart ? "apart" : "in the arena")} | layer by layer | arena | live | products | steps | proven | s |");
            Console.WriteLine("|---|--:|--:|--:|--:|--:|---|--:|");
            foreach (string file in files)
                failed |= !Row(file, apart, keep);
            Console.WriteLine();
        }
        return failed ? 1 : 0;
    }

    private static bool Row(string file, bool apart, string? keep)
    {
        string name = Path.GetFileNameWithoutExtension(file), folder = keep ?? Directory.CreateTempSubdirectory("tiny").FullName;
        try
        {
            IReadOnlyList<TinyLayer> layers = TinyNetwork.Read(file);
            string path = Path.Combine(folder, name + ".onnx");
            File.WriteAllBytes(path, TinyNetwork.Write(layers).ToByteArray());
            Stopwatch watch = Stopwatch.StartNew();
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena, InputsApart = apart });
            if (keep is not null)
                File.WriteAllBytes(Path.Combine(folder, $"{name}.{(apart ? "apart" : "in")}.onnx"), result.Model.ToByteArray());
            bool proven = result.Verification is { Status: "passed", Exact: true };
            double products = Products(result) / layers.Sum(l => l.Products);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {TinyNetwork.LayerByLayer(layers, apart):N0} | {result.Peak.Bytes:N0} | {result.Peak.LiveBytes:N0} | {products:F3} | {result.Schedule.Count:N0} "
                + $"| {(proven ? "yes" : result.Verification?.Reason ?? "no")} | {watch.Elapsed.TotalSeconds:F1} |"));
            foreach (SerenityDiagnostic warning in result.Warnings)
                Console.Error.WriteLine($"{name}: {warning.Code} {warning.Message}");
            return proven;
        }
        finally
        {
            if (keep is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Multiply-accumulates of what was written, by the shapes of its tensors.</summary>
    private static double Products(OptimizationResult result)
    {
        Dictionary<string, long[]> dims = new(StringComparer.Ordinal);
        foreach (TensorProto weight in result.Model.Graph.Initializer)
            dims[weight.Name] = [.. weight.Dims];
        foreach (TensorFacts tensor in result.Tensors)
        {
            if (tensor.Type is { } type && type.IndexOf('[', StringComparison.Ordinal) is > 0 and int at)
                dims[tensor.Name] = [.. type[(at + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(d => long.Parse(d, CultureInfo.InvariantCulture))];
        }
        double products = 0;
        foreach (NodeProto node in result.Model.Graph.Node)
            products += OperatorTable.Of(node).Products?.Invoke(node, value => dims.GetValueOrDefault(value)) ?? 0;
        return products;
    }
}
