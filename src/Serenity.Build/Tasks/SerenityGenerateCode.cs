using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Serenity.Build.CodeGeneration;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tasks;

/// <summary>Writes the C# that tells an app where its models are and how to load them. Touches the file only if its text changes.</summary>
[MSBuildMultiThreadableTask]
public sealed partial class SerenityGenerateCode : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The file to write; absolute, or relative to the project.</summary>
    [Required]
    public string CodeFile { get; set; } = "";

    /// <summary>Namespace of the class; empty for the global one.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>True if the project references Microsoft.ML.OnnxRuntime.</summary>
    public bool ReferencesOnnxRuntime { get; set; }

    /// <inheritdoc/>
    protected override void Run()
    {
        string codeNamespace = Namespace.Trim();
        if (codeNamespace.Length > 0 && !NamespaceName().IsMatch(codeNamespace))
            throw new SerenityException(SerenityCodes.BadOption, null, $"SerenityCodeNamespace=\"{codeNamespace}\" is not understood: it must be a namespace, such as MyApp.Models.");
        List<(ModelItem, ManifestHead)> models = [];
        foreach ((_, ModelItem model) in ReadModels(Models))
            models.Add((model, ManifestHead.Read(File.ReadAllBytes(model.ManifestPath), model.ManifestPath)));
        string path = Path.GetFullPath(CodeFile, ProjectFolder);
        byte[] code = Encoding.UTF8.GetBytes(ModelCode.Write(models, codeNamespace, ReferencesOnnxRuntime));
        if (!File.Exists(path) || !code.AsSpan().SequenceEqual(File.ReadAllBytes(path)))
            AtomicFile.Write(path, code);
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")]
    private static partial Regex NamespaceName();
}
