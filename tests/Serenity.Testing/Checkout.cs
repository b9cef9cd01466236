namespace Serenity.Testing;

/// <summary>The checkout that this code was built in.</summary>
public static class Checkout
{
    private static readonly string? _found = Find();

    /// <summary>Absolute path of its root.</summary>
    /// <exception cref="InvalidOperationException">There is none above the program.</exception>
    public static string Root => _found ?? throw new InvalidOperationException("This does not run from a checkout.");

    /// <summary>Absolute path of its root; null where there is none above the program.</summary>
    public static string? RootOrNull => _found;

    private static string? Find()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Serenity.Build.sln")))
            at = at.Parent;
        return at?.FullName;
    }
}
