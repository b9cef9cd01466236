using System.Globalization;
using System.Text.RegularExpressions;

namespace Serenity.Driver;

/// <summary>
/// Builds Microsoft.ML.OnnxRuntime and Microsoft.ML.OnnxRuntime.Managed into a local folder feed, from an npm package (MIT) that ships the
/// official managed sources and native libraries. For registries that do not serve the package itself. Kept outside the checkout,
/// so it is built once per machine.
/// </summary>
internal sealed partial class OnnxRuntimeFeed(DriverLog log)
{
    /// <summary>
    /// Version of ONNX Runtime in the npm package, the newest that has one: not the pinned one, which Directory.Packages.props states. Built with it, tests of rules that hold from a later version on
    /// (<c>RuntimeRules</c>) fail, and say so.
    /// </summary>
    public const string Version = "1.29.0";

    private static readonly NpmArtefact _npm = new(
        "com.github.asus4.onnxruntime", "0.4.9", "BkzxduSZ9IkeDP6Q8lz2TFU2ie7hSSvS7ZIfzMooExoq0CNzJnuuGaUJ7IsojBgqO4ouD1jXah8OYyJbCN29Fg==");

    private static readonly (string Source, string Rid)[] _natives =
    [
        ("Linux/x64/libonnxruntime.so", "linux-x64"),
        ("Windows/x64/onnxruntime.dll", "win-x64"),
        ("Windows/arm64/onnxruntime.dll", "win-arm64"),
        ("macOS/arm64/libonnxruntime.dylib", "osx-arm64"),
    ];

    private static string Cache => NpmArtefact.Cache($"onnxruntime-{Version}-npm-{_npm.Version}");

    /// <summary>The feed's folder.</summary>
    public static string Folder => Path.Combine(Cache, "feed");

    /// <summary>Builds the feed if it is not there yet.</summary>
    /// <returns>The feed's folder.</returns>
    public string Ensure()
    {
        string stamp = Path.Combine(Cache, "complete");
        if (File.Exists(stamp))
        {
            log.Line($"    ONNX Runtime {Version} from the local feed {Folder}");
            return Folder;
        }
        Directory.CreateDirectory(Cache);
        string work = Path.Combine(Cache, FormattableString.Invariant($"work-{Environment.ProcessId}"));
        Directory.CreateDirectory(work);
        try
        {
            string archive = log.Step($"fetch {_npm.Name} {_npm.Version} with npm", () => _npm.Fetch(work));
            string package = log.Step("unpack", () => Unpack(archive, work));
            string output = Path.Combine(work, "feed");
            log.Step("build and pack Microsoft.ML.OnnxRuntime.Managed", () => PackManaged(package, work, output));
            log.Step("pack Microsoft.ML.OnnxRuntime", () => PackNative(package, work, output));
            Publish(output);
            File.WriteAllText(stamp, _npm.Sha512);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        return Folder;
    }

    /// <summary>Two first runs at once both build; the packages of either are as good, and each arrives whole.</summary>
    private static void Publish(string output)
    {
        Directory.CreateDirectory(Folder);
        foreach (string package in Directory.GetFiles(output, "*.nupkg"))
            File.Move(package, Path.Combine(Folder, Path.GetFileName(package)), overwrite: true);
    }

    private static string Unpack(string archive, string work)
    {
        using FileStream stream = File.OpenRead(archive);
        using System.IO.Compression.GZipStream unzipped = new(stream, System.IO.Compression.CompressionMode.Decompress);
        using System.Formats.Tar.TarReader reader = new(unzipped);
        string target = Path.Combine(work, "package");
        while (reader.GetNextEntry() is { } entry)
        {
            // Only what is used: a few dozen sources and four libraries out of half a gigabyte.
            bool wanted = entry.Name.EndsWith(".shared.cs", StringComparison.Ordinal) || entry.Name == "package/LICENSE"
                || _natives.Any(n => entry.Name == "package/Plugins/" + n.Source);
            if (!wanted || entry.Name.Contains("..", StringComparison.Ordinal))
                continue;
            string file = Path.Combine(work, entry.Name.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            entry.ExtractToFile(file, overwrite: true);
        }
        return target;
    }

    private static bool PackManaged(string package, string work, string output)
    {
        string folder = Path.Combine(work, "managed");
        Isolate(folder);
        string info = File.ReadAllText(Path.Combine(package, "Runtime", "AssemblyInfo.shared.cs"));
        Match key = PublicKey().Match(info);
        if (!key.Success)
            throw new DriverException("the npm package's AssemblyInfo.shared.cs has no public key; the feed cannot be built");
        File.WriteAllBytes(Path.Combine(folder, "public.snk"), Convert.FromHexString(key.Groups[1].Value));
        File.WriteAllText(Path.Combine(folder, "Managed.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net8.0</TargetFrameworks>
                <AssemblyName>Microsoft.ML.OnnxRuntime</AssemblyName>
                <PackageId>Microsoft.ML.OnnxRuntime.Managed</PackageId>
                <Version>{Version}</Version>
                <AssemblyVersion>0.0.0.0</AssemblyVersion>
                <Authors>Microsoft</Authors>
                <PackageLicenseExpression>MIT</PackageLicenseExpression>
                <Description>ONNX Runtime's managed API, built from the sources in {_npm.Name} {_npm.Version}.</Description>
                <LangVersion>latest</LangVersion>
                <Nullable>disable</Nullable>
                <ImplicitUsings>disable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
                <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
                <DefineConstants>$(DefineConstants);__ENABLE_TRAINING_APIS__</DefineConstants>
                <DefineConstants Condition="'$(TargetFramework)' == 'net8.0'">$(DefineConstants);__ENABLE_COREML__</DefineConstants>
                <SignAssembly>true</SignAssembly>
                <PublicSign>true</PublicSign>
                <AssemblyOriginatorKeyFile>public.snk</AssemblyOriginatorKeyFile>
                <TreatWarningsAsErrors>false</TreatWarningsAsErrors>
                <WarningLevel>0</WarningLevel>
                <NoWarn>$(NoWarn);CS1591;NU5128;NU1900;NU1901;NU1902;NU1903;NU1904</NoWarn>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <Compile Include="../package/Runtime/**/*.shared.cs" />
                <Using Include="System.Reflection" Condition="'$(TargetFramework)' == 'net8.0'" />
                <PackageReference Include="System.Memory" Version="4.5.5" Condition="'$(TargetFramework)' == 'netstandard2.0'" />
                <PackageReference Include="System.Numerics.Tensors" Version="9.0.19" Condition="'$(TargetFramework)' == 'net8.0'" />
              </ItemGroup>
            </Project>
            """);
        ChildProcess.Must("dotnet", ["pack", "Managed.csproj", "-c", "Release", "-v", "minimal", "-o", output], folder, "building the managed ONNX Runtime");
        return true;
    }

    private static bool PackNative(string package, string work, string output)
    {
        string folder = Path.Combine(work, "native");
        Isolate(folder);
        string items = string.Concat(_natives.Select(n => string.Create(
            CultureInfo.InvariantCulture,
            $"    <None Include=\"{Path.Combine(package, "Plugins", n.Source)}\" Pack=\"true\" PackagePath=\"runtimes/{n.Rid}/native\" />\n")));
        File.WriteAllText(Path.Combine(folder, "Native.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>netstandard2.0</TargetFramework>
                <PackageId>Microsoft.ML.OnnxRuntime</PackageId>
                <Version>{Version}</Version>
                <Authors>Microsoft</Authors>
                <PackageLicenseExpression>MIT</PackageLicenseExpression>
                <Description>ONNX Runtime's native libraries, repacked from {_npm.Name} {_npm.Version}.</Description>
                <IncludeBuildOutput>false</IncludeBuildOutput>
                <NoWarn>$(NoWarn);NU5128</NoWarn>
                <NuGetAudit>false</NuGetAudit>
                <RestoreAdditionalProjectSources>{output}</RestoreAdditionalProjectSources>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Microsoft.ML.OnnxRuntime.Managed" Version="{Version}" />
            {items}  </ItemGroup>
            </Project>
            """);
        ChildProcess.Must("dotnet", ["pack", "Native.csproj", "-c", "Release", "-v", "minimal", "-o", output], folder, "packing the native ONNX Runtime");
        return true;
    }

    /// <summary>Creates a project folder that takes no settings from folders above it.</summary>
    private static void Isolate(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, name), "<Project />");
    }

    [GeneratedRegex("PublicKey=([0-9a-f]+)")]
    private static partial Regex PublicKey();
}
