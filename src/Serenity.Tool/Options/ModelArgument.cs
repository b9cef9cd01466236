using System.CommandLine;

namespace Serenity.Tool.Options;

/// <summary>The file a command works on.</summary>
internal static class ModelArgument
{
    /// <summary>A model, or the manifest of one.</summary>
    public static Argument<string> ModelOrManifest(string name) => new(name)
    {
        Description = "A model (.onnx), or the manifest of an optimized one (.memory.json).",
        HelpName = name,
    };

    /// <summary>A model, its manifest, or what stands for one of them.</summary>
    public static Argument<string> One(string name) => new(name)
    {
        Description = "A model (.onnx), the manifest of an optimized one (.memory.json), or a project or folder with one model: what its build left.",
        HelpName = name,
    };

    /// <summary>Models, manifests, and what stands for several of them.</summary>
    public static Argument<string[]> Many(string name) => new(name)
    {
        Description = "Models (.onnx), manifests (.memory.json), globs, projects, or folders: what builds left in them, else the manifests and models there.",
        HelpName = name,
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The name of a model without folders and endings, whether its file is named or its manifest.</summary>
    public static string BaseName(string path)
    {
        string name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        return name.Split('.')[0];
    }

    /// <summary>True if a path names a manifest.</summary>
    public static bool IsManifest(string path) => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
}
