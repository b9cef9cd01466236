using System.Text;
using Serenity.Build.Blocks;
using Serenity.Build.Header;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Build.Output;

/// <summary>
/// Files that are made from a manifest alone: what the app runs by, and what the item asks for. They are made anew whenever the manifest is newer, and asking
/// for one optimizes nothing again.
/// </summary>
internal static class DerivedFiles
{
    private delegate void Writer(MemoryManifest manifest, string path);

    /// <summary>Absolute paths of the files that a model asks for.</summary>
    public static IEnumerable<string> Of(ModelItem model) => Wanted(model).Select(w => w.Path);

    /// <summary>True if one of them is missing or older than the manifest.</summary>
    public static bool AreOutOfDate(ModelItem model) => Wanted(model).Any(w => IsOutOfDate(w.Path, model));

    /// <summary>Writes those that are missing or older than the manifest.</summary>
    public static void Write(ModelItem model, MemoryManifest manifest)
    {
        foreach ((string path, Writer write) in Wanted(model))
        {
            if (IsOutOfDate(path, model))
                write(manifest, path);
        }
    }

    private static IEnumerable<(string Path, Writer Write)> Wanted(ModelItem model)
    {
        if (model.Request.Executor == Executor.OnnxRuntime)
            yield return (model.PlanPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(PlanFile.Render(manifest))));
        if (model.Report)
            yield return (model.ReportPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(HtmlReport.Render(manifest))));
        if (model.Header)
            yield return (model.HeaderPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ArenaHeader.Render(manifest, model.BaseName))));
    }

    private static bool IsOutOfDate(string path, ModelItem model) =>
        !File.Exists(path) || File.GetLastWriteTimeUtc(path) < File.GetLastWriteTimeUtc(model.ManifestPath);
}
