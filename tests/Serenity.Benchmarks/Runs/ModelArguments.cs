using Serenity.Testing;

namespace Serenity.Benchmarks.Runs;

/// <summary>Models named on a command line: files, folders, or, with none, those of the shared data that networks are measured on.</summary>
internal static class ModelArguments
{
    private static readonly string[] _default = ["irregular", "cnn", "detseg", "seq"];

    /// <summary>Paths of .onnx files in ordinal order; options are left out.</summary>
    public static IReadOnlyList<string> Expand(string[] args)
    {
        string[] named = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        if (named.Length == 0)
            return [.. _default.SelectMany(folder => SharedData.Files("models/" + folder, "*.onnx"))];
        List<string> files = [];
        foreach (string name in named)
        {
            if (Directory.Exists(name))
                files.AddRange(Directory.GetFiles(name, "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
            else
                files.Add(name);
        }
        return files;
    }
}
