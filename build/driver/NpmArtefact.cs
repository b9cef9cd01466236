using System.Security.Cryptography;

namespace Serenity.Driver;

/// <summary>A package of the npm registry, pinned by content: it holds native code that is run here.</summary>
/// <param name="Name">Its name, with a scope if it has one.</param>
/// <param name="Version">Its version.</param>
/// <param name="Sha512">SHA-512 of the archive, in base64.</param>
internal sealed record NpmArtefact(string Name, string Version, string Sha512)
{
    /// <summary>Downloads the archive into a folder.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="DriverException">npm failed, or the archive is not the one that is pinned.</exception>
    public string Fetch(string folder)
    {
        string npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        ChildProcess.Must(npm, ["pack", $"{Name}@{Version}", "--silent"], folder, $"npm pack {Name}");
        string archive = Path.Combine(folder, $"{Name.TrimStart('@').Replace('/', '-')}-{Version}.tgz");
        using FileStream stream = File.OpenRead(archive);
        string sha512 = Convert.ToBase64String(SHA512.HashData(stream));
        return sha512 == Sha512
            ? archive
            : throw new DriverException($"{Name} {Version} has SHA-512 {sha512}, expected {Sha512}; it is not the artefact we know, and is not used");
    }

    /// <summary>A folder that outlives checkouts, for what is made of an artefact.</summary>
    /// <param name="name">Name of the thing, with all versions it depends on.</param>
    public static string Cache(string name) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "serenity-build", name);
}
