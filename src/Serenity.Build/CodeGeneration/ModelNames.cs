using System.Globalization;
using System.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.CodeGeneration;

/// <summary>
/// Identifiers for models, inputs and outputs: from the file's or tensor's name, and from more of the path where that is not enough to tell two
/// apart. Letters of every script count, since all three languages take them.
/// </summary>
public static class ModelNames
{
    // Members of the generated class and of object: a nested class of that name would clash with them or hide them.
    private static readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase)
    {
        "RelativePath", "Path", "ManifestPath", "RequiredBytes", "RequiredBytesFor", "PeakBytes", "WeightBytes", "BlockBytes", "CreateSessionOptions", "CreateSession", "Inputs", "Outputs",
        "Name", "ElementType", "Shape", "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "ReferenceEquals", "Finalize", "New", "SerenityModels",
    };

    // A name in metadata has at most 1,023 bytes (CS7013), of which a letter takes up to three and a property's accessor some.
    private const int MostLetters = 240;

    /// <summary>One name per target path, all different, also to a language that does not tell upper from lower case.</summary>
    /// <param name="targetPaths">Paths relative to the output folder, with forward slashes; all different.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> targetPaths)
    {
        ArgumentNullException.ThrowIfNull(targetPaths);
        string[] names = [.. targetPaths.Select(p => Pascal(ModelFormats.WithoutExtension(p.Split('/')[^1]), "Model"))];
        Dictionary<string, int> times = new(StringComparer.OrdinalIgnoreCase);
        foreach (string name in names)
            times[name] = times.GetValueOrDefault(name) + 1;
        for (int i = 0; i < names.Length; i++)
        {
            if (times[names[i]] > 1)
                names[i] = Pascal(ModelFormats.WithoutExtension(targetPaths[i]), "Model");
        }
        return Different(names);
    }

    /// <summary>One name per input or output, all different.</summary>
    public static IReadOnlyList<string> OfTensors(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return Different([.. names.Select(n => Pascal(n, "Tensor"))]);
    }

    /// <summary>One name per dimension, all different, with a lower-case letter first, as parameters have.</summary>
    public static IReadOnlyList<string> OfDimensions(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return [.. Different([.. names.Select(n => Pascal(n, "Size"))]).Select(n => char.ToLowerInvariant(n[0]) + n[1..])];
    }

    private static string[] Different(string[] names)
    {
        HashSet<string> used = new(StringComparer.OrdinalIgnoreCase);
        string[] different = [.. names];
        for (int i = 0; i < names.Length; i++)
        {
            for (int number = 2; !used.Add(different[i]); number++)
                different[i] = string.Create(CultureInfo.InvariantCulture, $"{names[i]}_{number}");
        }
        return different;
    }

    private static string Pascal(string text, string kind)
    {
        StringBuilder name = new();
        bool upper = true;
        foreach (char c in Composed(text))
        {
            UnicodeCategory category = char.GetUnicodeCategory(c);
            bool letter = category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.OtherLetter;
            // A mark belongs to the letter before it.
            bool mark = name.Length > 0 && !upper && category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            if (!letter && !mark && !char.IsAsciiDigit(c))
            {
                upper = true;
                continue;
            }
            // "resnet50-v1" must not become "Resnet50V1" for one and "Resnet50v1" for the next: only a separator starts a word.
            name.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }
        if (name.Length == 0)
            return kind;
        name.Length = Math.Min(name.Length, MostLetters);
        if (char.IsAsciiDigit(name[0]))
            name.Insert(0, '_');
        string result = name.ToString();
        return _taken.Contains(result) ? result + kind : result;
    }

    // Compilers take a letter and its accent for the letter with the accent.
    private static string Composed(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException)
        {
            // Half of a pair, which is no letter anyway.
            return text;
        }
    }
}
