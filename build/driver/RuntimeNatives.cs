using System.Formats.Tar;
using System.IO.Compression;

namespace Serenity.Driver;

/// <summary>
/// ONNX Runtime's native library for linux-x64 in other versions than the one that is built with: old ones from npm's onnxruntime-node, pinned by content, others
/// from NuGet. Kept outside the checkout.
/// </summary>
internal sealed class RuntimeNatives(DriverLog log)
{
    private const string Package = "onnxruntime-node", Library = "libonnxruntime.so";

    private static readonly NpmArtefact[] _npm =
    [
        new(Package, "1.18.0", "iTnFcxKpmywCatx8ov4GTbECe3tJk2Bp1OA2mWRJde78q+7tpPYBhKMnwhlaoKy9oKQcy4UoEuuhoy2PSD13ww=="),
        new(Package, "1.20.1", "di/I4HDXRw+FLgq+TyHmQEDd3cEp9iFFZm0r4uJ1Wd7b/WE1VXtKWo8yemex347c6GNF/3Pv86ZfPhIWxORr0w=="),
        new(Package, "1.22.0", "QaAqr7PFekrmEsmu1rpw7OxJYyG+iACjNHoNtQIVt9Oh7st8WDPIIUe6KhF9l35HVJTJd9CV1rePoPmKhSV26g=="),
        new(Package, "1.23.2", "OBTsG0W8ddBVOeVVVychpVBS87A9YV5sa2hJ6lc025T97Le+J4v++PwSC4XFs1C62SWyNdof0Mh4KvnZgtt4aw=="),
        new(Package, "1.24.3", "JH7+czbc8ALA819vlTgcV+Q214/+VjGeBHDjX81+ZCD0PCVCIFGFNtT0V4sXG/1JXypKPgScQcB3ij/hk3YnTg=="),
        new(Package, "1.25.1", "N0M58CGTiTsLkPpx9bxmRFi24GT6r67Qei/GrBEIiDyntcYdXU5vQZp112ypydG9vEKRFgbgUYQJnEi+jll8dg=="),
        new(Package, "1.26.0", "OHl6PiOEOqxaLHL0N9eFrbzS7IGmu3BtJNH3RTEnRAheCIkfc3gjcjl4sGcjp9C22ZC9YTquDOxSdT/stBQ6BQ=="),
        new(Package, "1.27.0", "QEzGwrvNBgv4uPVdnbHsOGG4G6T96mdlcFI8aAKPjMU8wOPpVocPXb6k3QGkaZagVTv2G9Bnnbo6Z3JdXr1fQw=="),
        new(Package, "1.29.0", "WjiVVB72riILz8HbYvxvmjKyE/WmkYoSfKY++axo5jAR609HQg8MwiG/HhShpTcJfmmAdzxxmB+MMST3A+SiPA=="),
        new(Package, "1.30.0", "twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw=="),
    ];

    /// <summary>What a sweep covers unless asked otherwise.</summary>
    public static IReadOnlyList<string> Usual { get; } = [.. _npm.Select(artefact => artefact.Version), "1.31.1", "1.32.0"];

    /// <summary>Fetches a version, unless it is here.</summary>
    /// <returns>Path of the library.</returns>
    /// <exception cref="DriverException">No registry that answers has it.</exception>
    public string Ensure(string version)
    {
        string folder = NpmArtefact.Cache($"onnxruntime-native-{version}"), library = Path.Combine(folder, Library);
        if (File.Exists(library))
            return library;
        string work = Path.Combine(folder, FormattableString.Invariant($"work-{Environment.ProcessId}"));
        Directory.CreateDirectory(work);
        try
        {
            string part = log.Step($"fetch ONNX Runtime {version}", () =>
                Array.Find(_npm, artefact => artefact.Version == version) is { } artefact ? FromNpm(artefact, work) : FromNuGet(version, work));
            File.Move(part, library, overwrite: true);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        return library;
    }

    private static string FromNpm(NpmArtefact artefact, string work)
    {
        using FileStream stream = File.OpenRead(artefact.Fetch(work));
        using GZipStream unzipped = new(stream, CompressionMode.Decompress);
        using TarReader reader = new(unzipped);
        string target = Path.Combine(work, Library);
        while (reader.GetNextEntry() is { } entry)
        {
            // "package/bin/napi-v6/linux/x64/libonnxruntime.so.1", in some versions with a copy under the whole version.
            if (!entry.Name.Contains("/linux/x64/" + Library, StringComparison.Ordinal) || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                continue;
            entry.ExtractToFile(target, overwrite: true);
            return target;
        }
        throw new DriverException($"{artefact.Name} {artefact.Version} has no {Library} for linux-x64");
    }

    private static string FromNuGet(string version, string work)
    {
        string project = Path.Combine(work, "natives.csproj"), packages = Path.Combine(work, "packages");
        // Nothing of the checkout's own.
        File.WriteAllText(Path.Combine(work, "Directory.Build.props"), "<Project />");
        File.WriteAllText(Path.Combine(work, "Directory.Packages.props"), "<Project />");
        File.WriteAllText(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageDownload Include="Microsoft.ML.OnnxRuntime" Version="[{version}]" /></ItemGroup>
            </Project>
            """);
        ChildProcess.Must("dotnet", ["restore", project, "--packages", packages, "-v", "quiet"], work, $"the restore of Microsoft.ML.OnnxRuntime {version}");
        return Path.Combine(packages, "microsoft.ml.onnxruntime", version, "runtimes", "linux-x64", "native", Library);
    }
}
