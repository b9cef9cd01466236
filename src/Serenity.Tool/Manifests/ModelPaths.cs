using Serenity.Build.Items;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Manifests;

/// <summary>
/// The files that words on the command line stand for. A file is itself, and a glob the files it finds. A folder, or a project file for its folder, stands for what builds left in it: the results of
/// each project (<see cref="ResultsFile"/>), the newest of its configurations. Where nothing was built it stands for the manifests in it, and for the models that have none beside them.
/// </summary>
internal static class ModelPaths
{
    private const int Most = 100_000;

    private const int MostNamed = 12;

    private static readonly string[] _projects = [".csproj", ".fsproj", ".vbproj", ".sln", ".slnx"];

    /// <summary>The files, as the user would name them.</summary>
    /// <exception cref="SerenityException">SER1201: a folder or a glob stands for nothing.</exception>
    public static IReadOnlyList<string> Expand(ToolContext context, IEnumerable<string> given)
    {
        List<string> all = [];
        foreach (string word in given)
        {
            string path = context.PathOf(word);
            bool isProject = _projects.Contains(Path.GetExtension(word), StringComparer.OrdinalIgnoreCase) && File.Exists(path);
            if (isProject || Directory.Exists(path))
                all.AddRange(InFolder(context, isProject ? Path.GetDirectoryName(path)! : path, word));
            else if (!File.Exists(path) && word.AsSpan().IndexOfAny('*', '?') >= 0)
                all.AddRange(Found(context, [.. FileGlob.Find(word, context.Folder, Most).Where(path => !OwnOutputs.IsLayout(path))], word));
            else
                all.Add(word);
        }
        return [.. all.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The one file that a word stands for, where a command looks at one: the manifest of a project's only model.</summary>
    /// <exception cref="SerenityException">SER1101: it stands for several; SER1201: for none; SER1602: what a build left is damaged.</exception>
    public static string One(ToolContext context, string given)
    {
        string[] files = [.. Expand(context, [given]).SelectMany(file => IsResults(file) ? Manifests(context, file) : [file]).Distinct(StringComparer.Ordinal)];
        return files.Length switch
        {
            1 => files[0],
            0 => throw new SerenityException(
                SerenityCodes.ModelNotFound, given, "No model of it was built, so there is no manifest to look at: what is wrong with them, 'dotnet serenity check' says. Name a model (.onnx) to have it planned."),
            _ => throw new SerenityException(
                SerenityCodes.BadOption, given, $"There are {files.Length} models here, and this looks at one. Name it: {string.Join(", ", files.Take(MostNamed))}{(files.Length > MostNamed ? ", …" : "")}."),
        };
    }

    /// <summary>True for a folder, or a glob.</summary>
    public static bool StandsForSeveral(ToolContext context, string word) => Directory.Exists(context.PathOf(word)) || (!File.Exists(context.PathOf(word)) && word.AsSpan().IndexOfAny('*', '?') >= 0);

    /// <summary>True for the results of a build.</summary>
    public static bool IsResults(string path) => Path.GetFileName(path) == ResultsFile.Name;

    private static IEnumerable<string> Manifests(ToolContext context, string results) =>
        Name(context, ResultsFile.Read(context.PathOf(results)).Select(result => result.ManifestPath).OfType<string>().Where(File.Exists));

    private static IEnumerable<string> InFolder(ToolContext context, string folder, string word)
    {
        string[] results = FileGlob.Find("**/" + ResultsFile.Name, folder, Most);
        if (results.Length > 0)
            return Name(context, Newest(results));
        bool Counts(string path) => !Path.GetRelativePath(folder, path).Split('/', '\\').Any(part => part is "bin" or "obj" || part.StartsWith('.'));
        string[] manifests = [.. FileGlob.Find("**/*.memory.json", folder, Most).Where(Counts)];
        HashSet<string> described = new(manifests.Select(m => m[..^".memory.json".Length] + ".onnx"), StringComparer.Ordinal);
        return Found(context, [.. manifests, .. FileGlob.Find("**/*.onnx", folder, Most).Where(path => Counts(path) && !described.Contains(path) && !OwnOutputs.IsLayout(path))], word);
    }

    // Debug and Release of one project say the same; the one that was built last says it now. obj/CONFIGURATION/FRAMEWORK/serenity/FILE.
    private static IEnumerable<string> Newest(string[] results) => results
        .GroupBy(path => path.Split('/', '\\') is [.. var project, "obj", _, var framework, "serenity", _] ? string.Join('/', project) + "|" + framework : path, StringComparer.Ordinal)
        .Select(group => group.OrderByDescending(File.GetLastWriteTimeUtc).ThenBy(path => path, StringComparer.Ordinal).First());

    private static IEnumerable<string> Found(ToolContext context, string[] paths, string word) => paths.Length > 0 ? Name(context, paths) : throw new SerenityException(
        SerenityCodes.ModelNotFound, word, "There is no model here, no manifest, and no results of a build. Name a folder that holds some, or build the project first.");

    private static IEnumerable<string> Name(ToolContext context, IEnumerable<string> paths) => paths.Select(path => Path.GetRelativePath(context.Folder, path).Replace('\\', '/'));
}
