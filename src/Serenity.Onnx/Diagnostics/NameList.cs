namespace Serenity.Onnx.Diagnostics;

/// <summary>
/// A list as options have it, <c>a;b</c>. ONNX lets a value's name be anything, so a semicolon in one is written <c>%3B</c>, as MSBuild writes it.
/// </summary>
public static class NameList
{
    private const string Semicolon = "%3B", Mark = "`";

    /// <summary>A part of a list, or a name in it, as it is written.</summary>
    public static string Escape(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Replace(";", Semicolon, StringComparison.Ordinal);
    }

    /// <summary>A name in a list where a comma may stand between parts too: in backticks if it has one, as in formulas, and a backtick in it is two then.</summary>
    public static string Quote(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Contains(',', StringComparison.Ordinal) || name.StartsWith(Mark, StringComparison.Ordinal)
            ? Mark + name.Replace(Mark, Mark + Mark, StringComparison.Ordinal) + Mark : name;
    }

    /// <summary>The name of what <see cref="Quote"/> writes.</summary>
    public static string Unquote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length > 2 && text.StartsWith(Mark, StringComparison.Ordinal) && text.EndsWith(Mark, StringComparison.Ordinal)
            ? text[1..^1].Replace(Mark + Mark, Mark, StringComparison.Ordinal) : text;
    }

    /// <summary>The parts of a list between semicolons, and between commas outside of backticks.</summary>
    public static IEnumerable<string> SplitAtCommas(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        char[] parts = list.ToCharArray();
        bool quoted = false;
        for (int i = 0; i < parts.Length; i++)
        {
            // One that is never closed quotes nothing.
            if (parts[i] == Mark[0])
                quoted = !quoted && list.AsSpan(i + 1).Contains(Mark[0]);
            else if (parts[i] == ',' && !quoted)
                parts[i] = ';';
        }
        return Split(new string(parts));
    }

    /// <summary>The list of some parts.</summary>
    public static string Join(IEnumerable<string> parts) => string.Join(';', parts.Select(Escape));

    /// <summary>The parts of a list, without those that are empty, and without blanks around them.</summary>
    public static IEnumerable<string> Split(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        return list.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => part.Replace(Semicolon, ";", StringComparison.OrdinalIgnoreCase));
    }
}
