using System.Diagnostics;

namespace Serenity.Onnx.Isolation;

/// <summary>How the host's program is started: it ships beside this assembly.</summary>
internal static class HostCommand
{
    /// <summary>True if the program is here: it lies beside this assembly in the packages, but need not in an app of one's own.</summary>
    public static bool IsPresent => File.Exists(Program);

    private static string Program => Path.Combine(Path.GetDirectoryName(typeof(HostCommand).Assembly.Location)!, "Serenity.Host.dll");

    /// <summary>The command.</summary>
    /// <param name="folder">The folder that parent and host share.</param>
    /// <param name="token">What the host's messages begin with.</param>
    public static ProcessStartInfo Create(string folder, string token)
    {
        string host = Program, beside = Path.GetDirectoryName(host)!;
        ProcessStartInfo start = new(DotnetHost.Path);
        start.ArgumentList.Add("exec");
        // The task's package has one list of dependencies for all, and no need for another.
        foreach ((string option, string file) in new[] { ("--depsfile", "Serenity.Host.deps.json"), ("--runtimeconfig", "Serenity.Host.runtimeconfig.json") })
        {
            string path = Path.Combine(beside, file);
            if (File.Exists(path))
            {
                start.ArgumentList.Add(option);
                start.ArgumentList.Add(path);
            }
        }
        start.ArgumentList.Add(host);
        start.ArgumentList.Add(folder);
        start.ArgumentList.Add(token);
        // A core dump of a hostile model would fill the disk of the build machine; a build's own settings are not the host's.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (string name in new[] { "DOTNET_STARTUP_HOOKS", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath" })
            start.Environment.Remove(name);
        return start;
    }
}
