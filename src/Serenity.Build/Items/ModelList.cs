using Serenity.Build.Header;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>The models of a project, one after another: which of them are taken, and what is wrong with them.</summary>
/// <param name="projectFolder">Absolute path of the project's folder.</param>
/// <param name="outputFolders">Folders that the project's outputs go to, relative to its folder or absolute: nothing in them is a source.</param>
/// <param name="intermediateFolder">Folder of what is made on the way there (obj): a target may put models there.</param>
/// <param name="assemblyName">Name of the project's assembly; empty if it is not known.</param>
internal sealed class ModelList(string projectFolder, IReadOnlyList<string> outputFolders, string intermediateFolder, string assemblyName)
{
    // What an app is made of, and reads as it starts: a model in its place would break the app, and overwrite or be overwritten.
    private static readonly string[] _ofApps = [".dll", ".exe", ".pdb", ".so", ".dylib", ".json", ".config", ".xml", ".cs"];

    // Without regard to case: the output folder may be on such a file system.
    private readonly Dictionary<string, ModelItem> _byTarget = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ModelItem> _byHeader = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);
    private readonly string[] _outputFolders = [.. outputFolders.Select(f => Folder(f, projectFolder)).Where(f => !Folder(".", projectFolder).StartsWith(f, StringComparison.Ordinal))];
    private readonly string _intermediate = Folder(intermediateFolder, projectFolder);

    /// <summary>What becomes of a model.</summary>
    /// <param name="IsTaken">False if it is none of the project's.</param>
    /// <param name="Error">What is wrong with it; null if nothing is.</param>
    /// <param name="Warnings">What there is to say.</param>
    public sealed record Answer(bool IsTaken, SerenityDiagnostic? Error, IReadOnlyList<SerenityDiagnostic> Warnings);

    private static readonly Answer _taken = new(true, null, []);

    /// <summary>Adds a model.</summary>
    public Answer Add(ModelItem model)
    {
        if (LeaveOut(model) is { } left)
            return left;
        _sources.Add(model.SourceName);
        if (TakesThePlaceOfAnother(model.TargetPath))
        {
            return Refuse(SerenityCodes.BadTargetPath, model,
                $"TargetPath=\"{model.TargetPath}\" is the name of a file of the app itself. Give the model another, such as models/net.onnx.");
        }
        if (!_byTarget.TryAdd(model.ManifestPath, model))
            return Twice(model, _byTarget[model.ManifestPath]);
        if (!File.Exists(model.SourcePath))
        {
            return Refuse(SerenityCodes.ModelNotFound, model, Directory.Exists(model.SourcePath)
                ? "This is a folder, not a model. Name the .onnx file itself, or use models/*.onnx."
                : $"The model does not exist at '{model.SourcePath}'.{Meant(model)}");
        }
        if (model.Header && !_byHeader.TryAdd(ArenaHeader.PrefixOf(model.BaseName), model))
            return new Answer(true, null, [SameHeader(model, _byHeader[ArenaHeader.PrefixOf(model.BaseName)])]);
        return _taken;
    }

    private string Meant(ModelItem model) => ItemPattern.CommaHint(Path.GetRelativePath(projectFolder, model.SourcePath), projectFolder) is { Length: > 0 } commas ? commas
        : NearestFile.Hint(Path.GetRelativePath(projectFolder, model.SourcePath), projectFolder) is { Length: > 0 } hint ? hint
        : " Check the path of the SerenityModel item; it is relative to the project.";

    // In C a name has fewer characters than a file's, so two files can come to one. Each header for itself is right, so this is no error.
    private static SerenityDiagnostic SameHeader(ModelItem model, ModelItem first) => new(SerenityCodes.SameHeaderNames, DiagnosticSeverity.Warning, model.Name,
        $"The C headers of '{first.Name}' and '{model.Name}' define the same names, {ArenaHeader.PrefixOf(model.BaseName)}_…, so a source file that includes both sees only the first. Give one of the models another file name by TargetPath.");

    private Answer? LeaveOut(ModelItem model)
    {
        // Nobody keeps sources where a build writes and a clean deletes.
        if (_outputFolders.Any(folder => model.SourcePath.StartsWith(folder, StringComparison.Ordinal)))
            return new Answer(false, null, []);
        string? beside = OwnOutputs.SourceOf(model);
        if ((beside ?? OwnOutputs.SourceOfCopy(model)) is not { } source)
            return null;
        bool expected = beside is null || _sources.Contains(source) || model.SourcePath.StartsWith(_intermediate, StringComparison.Ordinal);
        return expected ? new Answer(false, null, []) : Skip(model,
            $"This is a model that Serenity.Build wrote, by the manifest beside it of '{source}', so it is left out. Name the source model instead; to optimize this file all the same, delete its manifest.");
    }

    private static Answer Twice(ModelItem model, ModelItem first)
    {
        if (first.SourcePath != model.SourcePath)
        {
            return Refuse(SerenityCodes.BadTargetPath, model,
                $"'{model.Name}' and '{first.Name}' would both be written to '{model.TargetPath}'. Give one of them another TargetPath.");
        }
        if (Enum.GetValues<OptionEffect>().All(effect => model.Options.KeyOf(effect) == first.Options.KeyOf(effect)))
            return Skip(model, "The model is in the project twice; once is enough. Remove one of the SerenityModel items, or take it out of the glob with Exclude.");
        return Refuse(SerenityCodes.BadTargetPath, model,
            "The model is in the project twice, with different metadata. To give metadata to a model that a glob found, use <SerenityModel Update=\"…\" />; to make two outputs of it, give one of them another TargetPath.");
    }

    private bool TakesThePlaceOfAnother(string target)
    {
        string file = target[(target.LastIndexOf('/') + 1)..];
        // The host of an app has no extension on some systems.
        return _ofApps.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase) || target.Equals(assemblyName, StringComparison.OrdinalIgnoreCase);
    }

    private static string Folder(string path, string projectFolder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path.Length == 0 ? "." : path, projectFolder)) + Path.DirectorySeparatorChar;

    private static Answer Skip(ModelItem model, string what) => new(false, null, [new SerenityDiagnostic(SerenityCodes.NoModel, DiagnosticSeverity.Warning, model.Name, what)]);

    private static Answer Refuse(string code, ModelItem model, string what) => new(true, new SerenityDiagnostic(code, DiagnosticSeverity.Error, model.Name, what), []);
}
