using System.Text;
using Serenity.Build.Blocks;
using Serenity.Build.Header;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Results;
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

    /// <summary>Writes the report of a model that is over budget, whoever asked for one: it is what shows why. It goes into no output folder.</summary>
    /// <returns>Its absolute path.</returns>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1601: it cannot be written.</exception>
    public static string WriteReport(ModelItem model, MemoryManifest manifest)
    {
        if (IsOutOfDate(model.ReportPath, model))
            AtomicFile.Write(model.ReportPath, Encoding.UTF8.GetBytes(HtmlReport.Render(manifest)));
        return model.ReportPath;
    }

    /// <summary>Removes the report of a model that was over budget and fits now, where nobody asked for one.</summary>
    public static void RemoveReport(ModelItem model)
    {
        if (!model.Report && File.Exists(model.ReportPath))
            File.Delete(model.ReportPath);
    }

    /// <summary>Writes the page of all models of a project, where it would be another than is there.</summary>
    /// <param name="folder">Absolute path of the staging folder.</param>
    /// <param name="results">The models.</param>
    /// <param name="reports">Those that have reports in that folder, by the paths of their manifests.</param>
    /// <returns>Its absolute path.</returns>
    /// <exception cref="Onnx.Diagnostics.SerenityException">SER1601: it cannot be written.</exception>
    public static string WriteIndex(string folder, IReadOnlyList<ModelResult> results, IReadOnlyDictionary<string, string> reports)
    {
        string path = Path.Combine(folder, IndexPage.FileName);
        byte[] text = Encoding.UTF8.GetBytes(IndexPage.Render(results, result =>
            result.ManifestPath is { } manifest && reports.TryGetValue(manifest, out string? report) ? Path.GetRelativePath(folder, report).Replace('\\', '/') : null));
        if (RegularFile.LengthOf(path) != text.Length || !text.AsSpan().SequenceEqual(File.ReadAllBytes(path)))
            AtomicFile.Write(path, text);
        return path;
    }

    /// <summary>Removes that page, where there is nothing for it to show any more.</summary>
    /// <param name="folder">Absolute path of the staging folder.</param>
    public static void RemoveIndex(string folder)
    {
        string path = Path.Combine(folder, IndexPage.FileName);
        if (File.Exists(path))
            File.Delete(path);
    }

    private static IEnumerable<(string Path, Writer Write)> Wanted(ModelItem model)
    {
        if (model.Request.Executor.Traits().RunsInSession)
            yield return (model.PlanPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(PlanFile.Render(manifest))));
        if (model.Report)
            yield return (model.ReportPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(HtmlReport.Render(manifest))));
        if (model.Header)
            yield return (model.HeaderPath, (manifest, path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ArenaHeader.Render(manifest, model.BaseName))));
    }

    private static bool IsOutOfDate(string path, ModelItem model) =>
        !File.Exists(path) || File.GetLastWriteTimeUtc(path) < File.GetLastWriteTimeUtc(model.ManifestPath);
}
