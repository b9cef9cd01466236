using Serenity.Build.Identity;

namespace Serenity.Build.IntegrationTests.Sweeps;

/// <summary>All that a build of ours leaves, by hash: what lies in the output folder, and the generated code.</summary>
internal static class BuildOutputs
{
    private static readonly string[] _endings = [".onnx", ".data", ".memory.json", ".memory.html", ".memory.h", ".memory.plan", ".tmp"];

    /// <summary>SHA-256 of each file, by its path relative to the output folder.</summary>
    public static SortedDictionary<string, string> Of(ConsumerProject project)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal);
        string folder = project.Output("");
        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories) : [])
        {
            if (_endings.Any(e => file.EndsWith(e, StringComparison.Ordinal)))
                all.Add(Path.GetRelativePath(folder, file).Replace('\\', '/'), ContentHash.OfFile(file));
        }
        string code = project["obj/Debug/net10.0/SerenityModels.g.cs"];
        if (File.Exists(code))
            all.Add("SerenityModels.g.cs", ContentHash.OfFile(code));
        return all;
    }

    /// <summary>Asserts that two builds left the same.</summary>
    public static void AreSame(SortedDictionary<string, string> expected, SortedDictionary<string, string> actual, string when)
    {
        CollectionAssert.AreEqual(expected.Keys.ToArray(), actual.Keys.ToArray(), when);
        foreach ((string file, string hash) in expected)
            Assert.AreEqual(hash, actual[file], $"{file} {when}");
    }
}
