using Serenity.Build.Cache;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Build.Output;

/// <summary>Writes a model's outputs to the staging folder, each file whole or not at all, the record of them last.</summary>
public static class OutputWriter
{
    /// <summary>Writes data file, model, manifest and record.</summary>
    /// <param name="item">The model.</param>
    /// <param name="output">What to write.</param>
    /// <param name="budgets">The budgets for which it is the one to have.</param>
    /// <param name="sourceSha256">SHA-256 of the source model, lower-case hex.</param>
    /// <param name="inputs">What was read, with the stamps from before it was read.</param>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1601: a file cannot be written.</exception>
    public static void Write(
        ModelItem item, OptimizedOutput output, BudgetRange budgets, string sourceSha256, IReadOnlyList<StampedFile> inputs)
    {
        ArgumentNullException.ThrowIfNull(output);
        IReadOnlyList<string> before = OutputState.OutputsOf(item), written = WriteFiles(item, output, sourceSha256);
        OutputState.Write(item, budgets, inputs, written, output.WithoutRuntime);
        RemoveLeft(item, before.Except(written, StringComparer.Ordinal));
    }

    /// <summary>Writes data file, model and manifest, without a record: for outputs that no build watches over.</summary>
    /// <returns>Absolute paths of the model and its data file, if it has one.</returns>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1601: a file cannot be written.</exception>
    public static IReadOnlyList<string> WriteFiles(ModelItem item, OptimizedOutput output, string sourceSha256)
    {
        ArgumentNullException.ThrowIfNull(item);
        ArgumentNullException.ThrowIfNull(output);
        // All bytes are there before the first file is: what fails until then leaves nothing behind.
        byte[] manifest = ManifestJson.Write(output.Manifest with
        {
            Source = new FileInfoEntry(item.SourceName, sourceSha256),
            Output = new FileInfoEntry(Path.GetFileName(item.ModelPath), ContentHash.Of(output.Model)),
            Variants = [.. output.Manifest.Variants.Zip(output.Variants, (entry, variant) =>
                entry with { Output = new FileInfoEntry(Path.GetFileName(item.VariantPath(variant.Layout)), ContentHash.Of(variant.Model)) })],
        });
        List<string> written = [item.ModelPath];
        if (output.DataFile is not null && output.WriteData is not null)
        {
            string data = Path.Combine(Path.GetDirectoryName(item.ModelPath)!, output.DataFile);
            AtomicFile.Write(data, output.WriteData);
            written.Add(data);
        }
        // An unchanged model keeps its time, so that nothing after us copies it again.
        if (!Holds(item.ModelPath, output.Model))
            AtomicFile.Write(item.ModelPath, output.Model);
        WriteVariants(item, output, written);
        AtomicFile.Write(item.ManifestPath, manifest);
        return written;
    }

    /// <summary>Removes what an earlier build wrote in another format: files in the staging folder that its record names.</summary>
    private static void RemoveLeft(ModelItem item, IEnumerable<string> left)
    {
        foreach (string path in left)
            File.Delete(path);
        foreach (string state in OutputState.OthersOf(item))
            File.Delete(state);
    }

    /// <summary>Writes each layout with its plan, and removes what an earlier build left of another.</summary>
    private static void WriteVariants(ModelItem item, OptimizedOutput output, List<string> written)
    {
        foreach (PlanLayout layout in (PlanLayout[])[PlanLayout.Blocked8, PlanLayout.Blocked16])
        {
            string model = item.VariantPath(layout), plan = item.VariantPlanPath(layout);
            if (output.Variants.FirstOrDefault(v => v.Layout == layout) is not { } variant)
            {
                // Only what has a plan of that layout beside it is ours.
                if (File.Exists(plan) && File.Exists(model))
                {
                    File.Delete(model);
                    File.Delete(plan);
                }
                continue;
            }
            if (!Holds(model, variant.Model))
                AtomicFile.Write(model, variant.Model);
            if (!Holds(plan, variant.Plan))
                AtomicFile.Write(plan, variant.Plan);
            written.Add(model);
            written.Add(plan);
        }
    }

    private static bool Holds(string path, byte[] content)
    {
        try
        {
            return new FileInfo(path) is { Exists: true } file && file.Length == content.Length && content.AsSpan().SequenceEqual(File.ReadAllBytes(path));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
