namespace Serenity.Testing;

/// <summary>
/// Large test data that lies beside the checkout, in <c>../shared</c>, on the project's own machines. Tests that need it are
/// inconclusive, and so counted as skipped, where it is missing.
/// </summary>
public static class SharedData
{
    /// <summary>The folder, or null where there is none.</summary>
    public static string? Root { get; } = Find();

    /// <summary>A path below the folder, or null where there is no such folder.</summary>
    public static string? PathOf(string relative) => Root is null ? null : Path.Combine(Root, relative);

    /// <summary>Files below a folder, sorted by ordinal path; empty where there is no such folder.</summary>
    public static IReadOnlyList<string> Files(string relative, string pattern)
    {
        string? folder = PathOf(relative);
        if (folder is null || !Directory.Exists(folder))
            return [];
        string[] files = Directory.GetFiles(folder, pattern, SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    private static string? Find()
    {
        if (Checkout.RootOrNull is not { } root)
            return null;
        string shared = Path.Combine(Path.GetDirectoryName(root) ?? root, "shared");
        return Directory.Exists(shared) ? shared : null;
    }
}
