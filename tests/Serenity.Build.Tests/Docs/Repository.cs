using Serenity.Testing;

namespace Serenity.Build.Tests.Docs;

/// <summary>The checkout that the tests were built from; its documentation is held to what the code does.</summary>
internal static class Repository
{
    /// <summary>Absolute path of its root.</summary>
    public static string Root => Checkout.Root;

    /// <summary>All documentation pages, sorted.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.GetFiles(Root, "*.md"),
        .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
    ];
}
