using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Serenity.Onnx.Isolation;

namespace Serenity.Driver;

/// <summary>
/// Compiles the program that models are worked on in to native code (Native AOT), for the machine that packs. A first cell then takes 0.2 s of processor time in it in place
/// of 0.6: the rest is .NET's start and its compiler at run time. The packages have the same program as assemblies too, which runs where this one does not: on x64 that includes processors from
/// before 2013, since code for later ones takes a twenty-fifth less.
/// </summary>
/// <param name="folder">Where it is made; kept, since it takes a minute and most packs change nothing of it.</param>
internal sealed class NativeHost(Workspace workspace, DriverLog log, string folder)
{
    private static readonly string[] _assemblies = ["Serenity.Onnx", "Serenity.Planning", "Google.Protobuf", "Microsoft.ML.OnnxRuntime", "System.Numerics.Tensors"];

    private static readonly string _system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";

    private static readonly string _identifier = $"{_system}-{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64")}";

    private static readonly string _file = OperatingSystem.IsWindows() ? "Serenity.Host.exe" : "Serenity.Host";

    /// <summary>Makes it, and puts it to its place in the packages.</summary>
    /// <param name="built">Folder of the built assemblies.</param>
    /// <param name="output">Folder that stands for the tasks' folder of the package.</param>
    public void Compile(string built, string output) => log.Step("compile the host to native code", () =>
    {
        if (!HasLinker())
        {
            log.Line("    this machine has no C compiler to link with; the packages work, and start slower");
            return false;
        }
        string made = Path.Combine(folder, "out", _file), stamp = Path.Combine(folder, "inputs"), project = WriteProject(built), inputs = Inputs(project, built);
        if (!File.Exists(made) || !File.Exists(stamp) || File.ReadAllText(stamp) != inputs)
        {
            File.Delete(stamp);
            if (ChildProcess.Capture("dotnet", ["restore", project], folder).ExitCode != 0)
            {
                log.Line("    this registry has no native compiler for this machine; the packages work, and start slower");
                return false;
            }
            ChildResult published = ChildProcess.Capture("dotnet", ["publish", project, "-c", "Release", "--no-restore", "-v", "quiet", "--nologo", "-o", Path.Combine(folder, "out")], folder);
            if (published.ExitCode != 0)
            {
                // A compiler without the C library's files, for one. What is wrong with the code itself, the build before has said.
                log.Line($"    it cannot be made here; the packages work, and start slower:{Environment.NewLine}{published.Output.Trim()}");
                return false;
            }
            File.WriteAllText(stamp, inputs);
        }
        string place = Path.Combine(output, "runtimes", _identifier, "native");
        Directory.CreateDirectory(place);
        File.Copy(made, Path.Combine(place, _file), overwrite: true);
        return true;
    });

    // Windows' own linker is found by the compiler itself, or not, which it then says.
    private static bool HasLinker() => OperatingSystem.IsWindows()
        || (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(place => place.Length > 0 && (File.Exists(Path.Combine(place, "clang")) || File.Exists(Path.Combine(place, "gcc"))));

    private string WriteProject(string built)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, name), "<Project />");
        string path = Path.Combine(folder, "Serenity.Host.csproj");
        // IL3000: the place of an assembly is asked for where there may be none, and the program's own is taken then.
        File.WriteAllText(path, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>{_identifier}</RuntimeIdentifier>
                <RestorePackagesPath>../packages</RestorePackagesPath>
                <ImplicitUsings>enable</ImplicitUsings>
                <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
                <DefineConstants>$(DefineConstants);COMPILED_AHEAD</DefineConstants>
                <PublishAot>true</PublishAot>
                <OptimizationPreference>Speed</OptimizationPreference>
                {(_identifier.EndsWith("-x64", StringComparison.Ordinal) ? $"<IlcInstructionSet>{HostInstructions.X64}</IlcInstructionSet>" : "")}
                <InvariantGlobalization>true</InvariantGlobalization>
                <ConcurrentGarbageCollection>false</ConcurrentGarbageCollection>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <WarningsNotAsErrors>NU1900;NU1901;NU1902;NU1903;NU1904;NU1905</WarningsNotAsErrors>
                <NoWarn>$(NoWarn);IL3000</NoWarn>
              </PropertyGroup>
              <ItemGroup>
                <Compile Include="{Path.Combine(workspace.Root, "src", "Serenity.Host", "Program.cs")}" />
            {string.Concat(_assemblies.Select(assembly => $"    <Reference Include=\"{Path.Combine(built, assembly + ".dll")}\" />{Environment.NewLine}"))}  </ItemGroup>
            </Project>
            """);
        return path;
    }

    private string Inputs(string project, string built)
    {
        StringBuilder text = new(ChildProcess.Capture("dotnet", ["--version"], workspace.Root).Output);
        string[] files = [project, Path.Combine(workspace.Root, "src", "Serenity.Host", "Program.cs"), .. _assemblies.Select(assembly => Path.Combine(built, assembly + ".dll"))];
        foreach (string file in files)
            text.AppendLine(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        return text.ToString();
    }
}
