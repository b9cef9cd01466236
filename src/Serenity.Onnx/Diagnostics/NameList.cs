namespace Serenity.Onnx.Diagnostics;

/// <summary>
/// A list as options have it, <c>a;b</c>. ONNX lets a value's name be anything, so a semicolon in one is written <c>%3B</c>, as MSBuild writes it.
/// </summary>
public static class NameList
{
    private const string Semicolon = "%3B";

    /// <summary>A part of a list, or a name in it, as it is written.</summary>
    public static string Escape(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Replace(";", Semicolon, StringComparison.Ordinal);
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
