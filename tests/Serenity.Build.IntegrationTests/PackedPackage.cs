using Serenity.Testing;

namespace Serenity.Build.IntegrationTests;

/// <summary>The package that <c>./build.sh pack</c> left, and the folders that projects of these tests restore it into.</summary>
internal static class PackedPackage
{
    /// <summary>The folder feed.</summary>
    public static string Feed => Path.Combine(Checkout.Root, "artifacts", "packages");

    /// <summary>The package file.</summary>
    public static string File => Directory.Exists(Feed) ? Directory.GetFiles(Feed, "Serenity.Build.*.nupkg").SingleOrDefault() ?? "" : "";

    /// <summary>Its version.</summary>
    public static string Version => Path.GetFileNameWithoutExtension(File)["Serenity.Build.".Length..];

    /// <summary>A package folder of this test run's own, so that it is this very pack that is tested.</summary>
    public static string PackageFolder { get; } = Path.Combine(Checkout.Root, "artifacts", "integration-packages");

    /// <summary>The machine's package folder, for everything else; null where it holds a package of ours.</summary>
    public static string? Fallback { get; } = FindFallback();

    private static string? FindFallback()
    {
        string folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return Directory.Exists(folder) && !Directory.Exists(Path.Combine(folder, "serenity.build")) ? folder : null;
    }
}
