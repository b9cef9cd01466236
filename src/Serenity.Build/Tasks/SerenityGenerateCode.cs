using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Serenity.Build.CodeGeneration;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Output;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tasks;

/// <summary>
/// Writes the code that tells an app where its models are and how to load them. Touches the file only if its text changes, and reads manifests only if one of them, or an option, has changed.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed partial class SerenityGenerateCode : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The file to write; absolute, or relative to the project.</summary>
    [Required]
    public string CodeFile { get; set; } = "";

    /// <summary>MSBuild's <c>Language</c>.</summary>
    public string Language { get; set; } = "C#";

    /// <summary>MSBuild's <c>LangVersion</c>.</summary>
    public string LanguageVersion { get; set; } = "";

    /// <summary>Namespace of the class; empty for <see cref="RootNamespace"/>.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>The project's root namespace; empty for the global one.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>True if the project references Microsoft.ML.OnnxRuntime.</summary>
    public bool ReferencesOnnxRuntime { get; set; }

    /// <summary>True if the project references Serenity.Runtime.</summary>
    public bool ReferencesSerenityRuntime { get; set; }

    /// <summary>
    /// True where models were not planned: the code is made of the items alone, and of a manifest where an earlier build left one, so that what uses it compiles.
    /// </summary>
    public bool Stub { get; set; }

    /// <inheritdoc/>
    protected override void Run()
    {
        CodeLanguage language = CodeLanguage.Of(Language, LanguageVersion) ?? throw new SerenityException(
            SerenityCodes.BadOption, null,
            $"SerenityGenerateCode=\"true\" is not possible in this project: its language is '{Language}', and code can be generated in C#, F# and Visual Basic. Remove the property; models are optimized and checked all the same.");
        string codeNamespace = NamespaceOf();
        string path = Path.GetFullPath(CodeFile, ProjectFolder), statePath = path + ".state";
        List<ModelItem> models = [];
        foreach (ModelItem model in Stub ? Readable() : ReadModels(Models).Select(m => m.Model))
        {
            // In the design-time build of a project with a mistake in it, or a glob that took in outputs.
            if (!Stub || !models.Any(m => m.TargetPath == model.TargetPath) && OwnOutputs.SourceOf(model) is null)
                models.Add(model);
        }
        string state = StateOf(models, language, codeNamespace);
        if (File.Exists(path) && File.Exists(statePath) && File.ReadAllText(statePath) == state)
            return;
        IReadOnlyList<ModelCode> code = ModelCode.Of([.. models.Select(m => (m, ManifestOf(m)))], ReferencesOnnxRuntime, ReferencesSerenityRuntime);
        byte[] text = Encoding.UTF8.GetBytes(language.Write(code, codeNamespace, SizedModelCode.Of(models, code)));
        if (!File.Exists(path) || !text.AsSpan().SequenceEqual(File.ReadAllBytes(path)))
            AtomicFile.Write(path, text);
        AtomicFile.Write(statePath, Encoding.UTF8.GetBytes(state));
    }

    private MemoryManifest? ManifestOf(ModelItem model) => Stub && !File.Exists(model.ManifestPath) ? null : ManifestJson.Read(File.ReadAllBytes(model.ManifestPath), model.ManifestPath);

    private IEnumerable<ModelItem> Readable()
    {
        foreach (ITaskItem item in Models.SelectMany(SizeLists.Expand))
        {
            ModelItem? model = null;
            try
            {
                model = ModelItem.Read(item, ProjectFolder, StagingFolder);
            }
            catch (SerenityException)
            {
                // The build itself tells what is wrong with it.
            }
            // Where models are passed through, what lies there is the source.
            if (model is not null)
                yield return model with { TargetPath = model.SourceTargetPath };
        }
    }

    private string NamespaceOf()
    {
        string said = Namespace.Trim();
        if (said.Length > 0)
        {
            return NamespaceName().IsMatch(said) ? said
                : throw new SerenityException(SerenityCodes.BadOption, null, $"SerenityCodeNamespace=\"{said}\" is not understood: it must be a namespace, such as MyApp.Models.");
        }
        // Derived from the project's file name, which may hold anything.
        return NamespaceName().IsMatch(RootNamespace.Trim()) ? RootNamespace.Trim() : "";
    }

    /// <summary>All that the code is made of, as text; equal texts make equal code.</summary>
    private string StateOf(List<ModelItem> models, CodeLanguage language, string codeNamespace)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{ToolIdentity.Fingerprint}|{language.GetType().Name}|{LanguageVersion}|{codeNamespace}|{ReferencesOnnxRuntime}|{ReferencesSerenityRuntime}\n");
        foreach (ModelItem model in models)
        {
            string made = File.Exists(model.ManifestPath) ? model.ManifestPath : model.SourcePath;
            text.Append(CultureInfo.InvariantCulture, $"{model.TargetPath}|{model.Options.KeyOf(OptionEffect.Code)}|{model.Options.Get(ModelOptions.Executor)}|{FileStamp.Of(made)}\n");
        }
        return text.ToString();
    }

    [GeneratedRegex(@"^[\p{L}_][\p{L}\p{Mn}\p{Mc}0-9_]*(\.[\p{L}_][\p{L}\p{Mn}\p{Mc}0-9_]*)*$")]
    private static partial Regex NamespaceName();
}
