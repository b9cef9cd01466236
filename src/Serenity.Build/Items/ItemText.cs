namespace Serenity.Build.Items;

/// <summary>Text as MSBuild wants it of a task.</summary>
internal static class ItemText
{
    /// <summary>MSBuild takes back every %XX, so a "%41" in a file's name would become an "A".</summary>
    public static string Escape(string text) => text.Replace("%", "%25", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal)
        .Replace("*", "%2A", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);
}
