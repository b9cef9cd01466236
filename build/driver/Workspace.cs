namespace Serenity.Driver;

/// <summary>The checkout and the folders in it that the driver uses.</summary>
/// <param name="Root">Absolute path of the checkout.</param>
internal sealed record Workspace(string Root)
{
    /// <summary>Everything the driver leaves behind.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>The packed packages.</summary>
    public string Packages => Path.Combine(Artifacts, "packages");

    /// <summary>TRX files of the last test run.</summary>
    public string TestResults => Path.Combine(Artifacts, "test-results");

    /// <summary>Package folder of the samples and of the projects the integration tests generate.</summary>
    public string ConsumerPackages => Path.Combine(Artifacts, "consumer-packages");

    /// <summary>The solution.</summary>
    public string Solution => Path.Combine(Root, "Serenity.Build.sln");

    /// <summary>Looks upwards from the program for the solution.</summary>
    public static Workspace Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Serenity.Build.sln")))
                return new Workspace(at.FullName);
        }
        throw new DriverException("no Serenity.Build.sln above the driver; run ./build.sh of a checkout");
    }
}
