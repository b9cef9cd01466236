using System.Runtime.InteropServices;

namespace Serenity.Driver;

/// <summary>
/// Compiles the task's assemblies ahead of time (ReadyToRun) for the machine that packs. A build starts in a fresh process, so most of what a small
/// model costs is the compiler at run time: this takes off about 40 % (1.9 to 1.1 s of processor time for a first cell). Elsewhere, and on
/// other versions of .NET, the same assemblies are compiled as they run, as ever. Where the registry has no such compiler, that is so everywhere.
/// </summary>
internal sealed class AheadOfTime(Workspace workspace, DriverLog log)
{
    private static readonly string[] _assemblies =
        ["Serenity.Build", "Serenity.Onnx", "Serenity.Planning", "Google.Protobuf", "Microsoft.ML.OnnxRuntime"];

    // Ours come together or not at all, so each may hold code of the others; a type of one in a generic of another would else be compiled in every build.
    private static readonly string[] _bubble = ["Serenity.Build", "Serenity.Onnx", "Serenity.Planning"];

    // What every process that runs ours has, so that code may be taken from it.
    private static readonly string[] _generics = ["System.Private.CoreLib", "System.Collections", "System.Collections.Concurrent", "System.Linq", "System.Text.Json"];

    private string Folder => Path.Combine(workspace.Artifacts, "ahead-of-time");

    private string Built => Path.Combine(workspace.Root, "src", "Serenity.Build", "bin", "Release", "net8.0");

    /// <summary>Compiles what was built.</summary>
    /// <returns>The folder of what is to take the place of built files in the packages, or to be added to them.</returns>
    public string Compile()
    {
        string output = Path.Combine(Folder, "compiled");
        if (Directory.Exists(output))
            Directory.Delete(output, recursive: true);
        Directory.CreateDirectory(output);
        CompileAssemblies(output);
        new NativeHost(workspace, log, Path.Combine(Folder, "host")).Compile(Built, output);
        return output + Path.DirectorySeparatorChar;
    }

    private void CompileAssemblies(string output) => log.Step("compile the task ahead of time", () =>
    {
        string? compiler = Fetch();
        if (compiler is null)
        {
            log.Line("    this registry has no ahead-of-time compiler for this machine; the package works, and starts slower");
            return false;
        }
        string built = Built;
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        // MSBuild's own assemblies, which the tasks are derived from; without them whatever touches an item is left out.
        string sdk = Path.GetFullPath(Path.Combine(framework, "..", "..", "..", "sdk", ChildProcess.Capture("dotnet", ["--version"], workspace.Root).Output.Trim()));
        foreach (string assembly in _assemblies)
        {
            string input = Path.Combine(built, assembly + ".dll");
            string[] arguments =
            [
                input, "-o", Path.Combine(output, assembly + ".dll"), "-r", Path.Combine(framework, "*.dll"), "-r", Path.Combine(built, "*.dll"), "-r", Path.Combine(sdk, "Microsoft.Build*.dll"),
                "--targetos", OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "osx" : "linux",
                "--targetarch", RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64", "-O",
                // Lists and tables of our own structures are the framework's code and not ours. It may be compiled all the same; at run time it is taken only where the framework's method
                // is the one that it was compiled from.
                "--non-local-generics-module:*", .. _generics.Select(assembly => "--opt-cross-module:" + assembly),
                .. _bubble.Contains(assembly) ? _bubble.Select(other => "--inputbubbleref:" + Path.Combine(built, other + ".dll")).Prepend("--inputbubble") : [],
            ];
            ChildResult result = compiler.EndsWith(".dll", StringComparison.Ordinal)
                ? ChildProcess.Capture("dotnet", [compiler, .. arguments], workspace.Root)
                : ChildProcess.Capture(compiler, arguments, workspace.Root);
            if (result.ExitCode != 0)
                throw new DriverException($"compiling {assembly} ahead of time failed:{Environment.NewLine}{result.Output}");
        }
        return true;
    });

    /// <summary>The compiler, of the version of the runtime we run on.</summary>
    private string? Fetch()
    {
        if (RuntimeInformation.OSArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return null;
        string os = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string package = $"microsoft.netcore.app.crossgen2.{os}-{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64")}";
        string version = Environment.Version.ToString(3);
        string tools = Path.Combine(Folder, "packages", package, version, "tools");
        if (!Directory.Exists(tools))
        {
            string project = Path.Combine(Folder, "fetch");
            Directory.CreateDirectory(project);
            foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
                File.WriteAllText(Path.Combine(project, name), "<Project />");
            File.WriteAllText(Path.Combine(project, "Fetch.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <RestorePackagesPath>../packages</RestorePackagesPath>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageDownload Include="{package}" Version="[{version}]" />
                  </ItemGroup>
                </Project>
                """);
            if (ChildProcess.Capture("dotnet", ["restore", "Fetch.csproj"], project).ExitCode != 0)
                return null;
        }
        string[] names = ["crossgen2.dll", OperatingSystem.IsWindows() ? "crossgen2.exe" : "crossgen2"];
        return names.Select(n => Path.Combine(tools, n)).FirstOrDefault(File.Exists);
    }
}
