namespace Serenity.Driver;

/// <summary>
/// What projects that consume the packed package need: their own package folder, so that a new pack of the same version is seen, and the
/// machine's package folder to fall back on, so that nothing else is fetched and unpacked twice.
/// </summary>
internal static class ConsumerEnvironment
{
    /// <summary>NuGet's package folder of this machine and user.</summary>
    public static string MachinePackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
        ? set
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Sets it for the processes started from here on.</summary>
    public static void Set(Workspace workspace)
    {
        Environment.SetEnvironmentVariable("RestorePackagesPath", workspace.ConsumerPackages);
        string folder = MachinePackages;
        // Should somebody have restored our package there, it is an older pack of the same version.
        if (Directory.Exists(folder) && !Directory.Exists(Path.Combine(folder, "serenity.build")))
            Environment.SetEnvironmentVariable("RestoreFallbackFolders", folder);
    }
}
