using Serenity.Build.Cache;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;

namespace Serenity.Build.Output;

/// <summary>The optimizer, as a function; tests put their own in its place.</summary>
internal delegate OptimizationResult OptimizerEngine(OptimizeRequest request, CancellationToken cancellation);

/// <summary>How the outputs of a model came about.</summary>
/// <param name="Manifest">The manifest as written, paths and budget aside.</param>
/// <param name="FromCache">True if it was taken from the plan cache.</param>
public sealed record ModelBuildResult(MemoryManifest Manifest, bool FromCache);

/// <summary>Makes the outputs of one model: from the plan cache if it has them, else by optimizing.</summary>
/// <param name="engine">The optimizer.</param>
/// <param name="cache">The plan cache; null for none.</param>
internal sealed class ModelBuild(OptimizerEngine engine, PlanCache? cache)
{
    /// <summary>Makes and writes the outputs.</summary>
    /// <exception cref="SerenityException">They cannot be made; says why. Earlier outputs are left as they were.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing half written.</exception>
    public ModelBuildResult Run(ModelItem item, CancellationToken cancellation)
    {
        (OptimizedOutput output, string sourceSha256, List<(string Path, FileStamp Stamp)> inputs, bool fromCache) = Make(item, cancellation);
        OutputWriter.Write(item, output, sourceSha256, inputs);
        return new ModelBuildResult(output.Manifest, fromCache);
    }

    /// <summary>Makes the outputs and writes none of them.</summary>
    /// <exception cref="SerenityException">They cannot be made; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public (OptimizedOutput Output, string SourceSha256, List<(string Path, FileStamp Stamp)> Inputs, bool FromCache) Make(ModelItem item, CancellationToken cancellation)
    {
        (string key, string sourceSha256, List<(string Path, FileStamp Stamp)> inputs) = Identify(item);
        OptimizedOutput? output = cache?.Find(key);
        bool fromCache = output is not null;
        if (output is null)
        {
            using IDisposable? exclusive = cache?.Lock(key, cancellation);
            // Whoever held the lock before us may have done the work.
            output = cache?.Find(key);
            fromCache = output is not null;
            if (output is null)
            {
                output = Optimize(item, cancellation);
                RefuseIfChanged(item, inputs);
                cancellation.ThrowIfCancellationRequested();
                // A host without ONNX Runtime must not give what it could not verify to those that can.
                if (output.Manifest.Warnings.All(w => w.Code != SerenityCodes.PlannedWithoutRuntime))
                    cache?.Add(key, output);
            }
        }
        cancellation.ThrowIfCancellationRequested();
        return (output, sourceSha256, inputs, fromCache);
    }

    /// <summary>True if the outputs need not be made, since the cache most likely has them.</summary>
    /// <exception cref="SerenityException">The model cannot be read, or its external data cannot be found.</exception>
    public static bool IsCached(ModelItem item, PlanCache cache) => cache.Contains(Identify(item).Key);

    private static (string Key, string SourceSha256, List<(string Path, FileStamp Stamp)> Inputs) Identify(ModelItem item)
    {
        FileStamp before = FileStamp.Of(item.SourcePath);
        byte[] source = ReadSource(item);
        string sourceSha256 = ContentHash.Of(source);
        IReadOnlyList<string> external = PlanCacheKey.ExternalFiles(source, item.SourcePath);
        List<(string Path, FileStamp Stamp)> inputs = [(item.SourcePath, before), .. external.Select(f => (f, FileStamp.Of(f)))];
        return (PlanCacheKey.Of(item, sourceSha256, external), sourceSha256, inputs);
    }

    private OptimizedOutput Optimize(ModelItem item, CancellationToken cancellation)
    {
        OptimizationResult result = engine(item.Request, cancellation);
        WrittenModel written = WrittenModel.Create(result.Model, item.SourcePath, Path.GetFileName(item.ModelPath));
        // What depends on the project and not on the model is filled in when it is written.
        FileInfoEntry none = new("", "");
        MemoryManifest manifest = ManifestBuilder.Build(item.Request, result, none, none);
        return new OptimizedOutput(manifest, written.Bytes, written.DataFile, written.DataFile is null ? null : written.WriteData);
    }

    private static byte[] ReadSource(ModelItem item)
    {
        try
        {
            return File.ReadAllBytes(item.SourcePath);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // The loader knows every way a file can be wrong, and says so; if it can read the file, it was locked just for a moment.
            ModelFile.Load(item.SourcePath);
            return File.ReadAllBytes(item.SourcePath);
        }
    }

    private static void RefuseIfChanged(ModelItem item, List<(string Path, FileStamp Stamp)> inputs)
    {
        foreach ((string path, FileStamp stamp) in inputs)
        {
            if (FileStamp.Of(path) != stamp)
            {
                throw new SerenityException(
                    SerenityCodes.InputOutput, item.Name, $"'{path}' was changed while the model was being optimized. Build again.");
            }
        }
    }
}
