namespace Serenity.Tool.Formats;

/// <summary>The pages of the codes, which come with the tool.</summary>
internal static class ErrorPages
{
    /// <summary>The page of a code, in Markdown; null if there is no such code.</summary>
    public static string? Find(string code)
    {
        using Stream? page = typeof(ErrorPages).Assembly.GetManifestResourceStream($"Serenity.Tool.Errors.{code}.md");
        if (page is null)
            return null;
        using StreamReader reader = new(page);
        return reader.ReadToEnd().ReplaceLineEndings("\n").TrimEnd();
    }
}
