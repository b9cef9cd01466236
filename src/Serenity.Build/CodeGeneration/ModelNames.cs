using System.Globalization;
using System.Text;

namespace Serenity.Build.CodeGeneration;

/// <summary>C# class names for models: from the file name, and from more of the path where that is not enough to tell two apart.</summary>
public static class ModelNames
{
    // Members of the generated class and of object: a nested class of that name would clash with them or hide them.
    private static readonly HashSet<string> Taken = new(StringComparer.Ordinal)
    {
        "RelativePath", "Path", "ManifestPath", "RequiredBytes", "PeakBytes", "WeightBytes", "CreateSessionOptions", "CreateSession",
        "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "ReferenceEquals", "Finalize", "SerenityModels",
    };

    /// <summary>One class name per target path, all different.</summary>
    /// <param name="targetPaths">Paths relative to the output folder, with forward slashes; all different.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> targetPaths)
    {
        ArgumentNullException.ThrowIfNull(targetPaths);
        string[] names = [.. targetPaths.Select(p => Pascal(WithoutExtension(p.Split('/')[^1])))];
        Dictionary<string, int> times = new(StringComparer.Ordinal);
        foreach (string name in names)
            times[name] = times.GetValueOrDefault(name) + 1;
        for (int i = 0; i < names.Length; i++)
        {
            if (times[names[i]] > 1)
                names[i] = Pascal(WithoutExtension(targetPaths[i]));
        }
        HashSet<string> used = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            string name = names[i];
            for (int number = 2; !used.Add(name); number++)
                name = string.Create(CultureInfo.InvariantCulture, $"{names[i]}_{number}");
            names[i] = name;
        }
        return names;
    }

    private static string WithoutExtension(string path) => path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? path[..^".onnx".Length] : path;

    private static string Pascal(string text)
    {
        StringBuilder name = new();
        bool upper = true;
        foreach (char c in text)
        {
            // ASCII only: what counts as a letter in an identifier must not depend on a Unicode version.
            if (!char.IsAsciiLetterOrDigit(c))
            {
                upper = true;
                continue;
            }
            // "resnet50-v1" must not become "Resnet50V1" for one and "Resnet50v1" for the next: only a separator starts a word.
            name.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            name.Insert(0, '_');
        string result = name.ToString();
        return Taken.Contains(result) ? result + "Model" : result;
    }
}
