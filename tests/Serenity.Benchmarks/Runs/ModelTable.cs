using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Testing;

namespace Serenity.Benchmarks.Runs;

/// <summary>
/// <c>models [MODEL…] [--out FILE]</c>: what becomes of every model of the test data beside the checkout: optimized, passed through with a reason, or
/// refused with a code; and whether the file that was written, read again from the disk, gives the outputs of the original. Markdown, as in docs/models.md.
/// </summary>
internal static class ModelTable
{
    public static int Run(string[] args)
    {
        int at = Array.IndexOf(args, "--out");
        using StreamWriter? file = at >= 0 ? new StreamWriter(args[at + 1]) { NewLine = "\n" } : null;
        TextWriter output = file ?? Console.Out;
        string[] named = at >= 0 ? [.. args[..at], .. args[(at + 2)..]] : args;
        IReadOnlyList<string> models = named.Length > 0 ? ModelArguments.Expand(named) : SharedData.Files("models", "*.onnx");
        output.Write(Head);
        List<Row> rows = [];
        foreach (string path in models)
        {
            Row row = Try(path);
            rows.Add(row);
            output.WriteLine($"| {row.Name} | {row.Fate} | {row.Bytes} | {row.Outputs} |");
            output.Flush();
            Console.Error.WriteLine($"{row.Name}: {row.Fate}, {row.Outputs}");
        }
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{rows.Count} models: {rows.Count(r => r.Kind == Fate.Optimized)} optimized, {rows.Count(r => r.Kind == Fate.Unchanged)} whose peak could not be lowered, {rows.Count(r => r.Kind == Fate.Refused)} refused. Of the files written, {rows.Count(r => r.Equal == true)} give the outputs of the original, {rows.Count(r => r.Equal == false)} others, {rows.Count(r => r.Kind != Fate.Refused && r.Equal is null)} could not be compared."));
        return rows.All(r => r.Equal != false) ? 0 : 1;
    }

    private const string Head =
        """
        # Models

        What becomes of every model of the test data beside the checkout, written by `./build.sh bench models --out docs/models.md`. Each is optimized with default
        options (and the sizes that the test data gives for symbolic dimensions), written, read again from the disk, and run beside the original on the same
        inputs. "bit for bit": every output has the same bytes as the original's, run with ONNX Runtime's own fusions or without.

        | model | what becomes of it | peak, bytes | outputs of the file that was written |
        |---|---|--:|---|

        """;

    private static Row Try(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-models-");
        try
        {
            SuppliedModel source = SuppliedModel.Load(path);
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = source.File.Path, FreeDimensions = source.FreeDimensions });
            string written = Path.Combine(folder.FullName, Path.GetFileName(path));
            WrittenModel made = WrittenModel.Create(result.Model, source.File.Path, Path.GetFileName(written));
            File.WriteAllBytes(written, made.Bytes);
            if (made.DataFile is not null)
            {
                using FileStream data = File.Create(Path.Combine(folder.FullName, made.DataFile));
                made.WriteData(data);
            }
            (bool? equal, string outputs) = Compare(source, ModelFile.Load(written));
            Fate fate = result.Peak.Bytes < result.Peak.OriginalBytes ? Fate.Optimized : Fate.Unchanged;
            string codes = string.Join(", ", result.Warnings.Select(w => w.Code).Distinct(StringComparer.Ordinal));
            string said = (fate == Fate.Optimized ? "optimized" : result.Peak.Optimal ? "no order needs less" : "nothing found that needs less") + (codes.Length > 0 ? $" ({codes})" : "");
            return new Row(name, fate, said, string.Create(CultureInfo.InvariantCulture, $"{result.Peak.OriginalBytes:N0} → {result.Peak.Bytes:N0}"), equal, outputs);
        }
        catch (SerenityException e)
        {
            return new Row(name, Fate.Refused, $"refused: {e.Code}, {Reason(e.Message)}", "", null, "");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (bool? Equal, string Text) Compare(SuppliedModel source, LoadedModel written)
    {
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual;
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs;
        try
        {
            inputs = source.Inputs();
            using ModelSession first = ModelSession.Load(RunnableModel.Of(source.File.Model, source.ExternalFolder), freeDimensions: source.FreeDimensions);
            first.Run(inputs);
        }
        catch (Exception e) when (e is SerenityException or NotSupportedException or InvalidOperationException)
        {
            return (null, "the original does not run on inputs made up for it");
        }
        using (ModelSession session = ModelSession.Load(RunnableModel.Of(written.Model, written.HasExternalData ? written.Folder : null)))
            actual = session.Run(inputs);
        double least = double.PositiveInfinity;
        // Fusions alone change a sum's last bits; the file holds the same fusions that ONNX Runtime applies to the original when loading it.
        foreach (GraphOptimizationLevel level in (GraphOptimizationLevel[])[GraphOptimizationLevel.ORT_ENABLE_EXTENDED, GraphOptimizationLevel.ORT_DISABLE_ALL])
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(source.File.Model, source.ExternalFolder), level, freeDimensions: source.FreeDimensions);
            least = Math.Min(least, ValueDifference.Of(session.Run(inputs), actual));
        }
        return least == 0 ? (true, "bit for bit")
            : least <= 1e-3 ? (true, string.Create(CultureInfo.InvariantCulture, $"within {least:0.0e+0} of the largest value"))
            : (false, string.Create(CultureInfo.InvariantCulture, $"differ by {least:0.0e+0} of the largest value"));
    }

    /// <summary>The first sentence of an error; no message on a model that can be read names a folder.</summary>
    private static string Reason(string message)
    {
        string first = message.Split(". ")[0].Replace('|', '/').TrimEnd('.');
        return first.Length > 160 ? first[..160] + " …" : first;
    }

    private enum Fate
    {
        Optimized,
        Unchanged,
        Refused,
    }

    private sealed record Row(string Name, Fate Kind, string Fate, string Bytes, bool? Equal, string Outputs);
}
