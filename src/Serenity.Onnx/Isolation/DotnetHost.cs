namespace Serenity.Onnx.Isolation;

/// <summary>Finds the dotnet that runs this process, to run another assembly with it.</summary>
internal static class DotnetHost
{
    /// <summary>Path of the dotnet executable; just "dotnet" if nothing better is known.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        if (Environment.ProcessPath is { } running
            && System.IO.Path.GetFileNameWithoutExtension(running).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            return running;
        // Set by the SDK for what it runs.
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host))
            return host;
        // The runtime lies in DOTNET/shared/Microsoft.NETCore.App/VERSION.
        string? root = System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location) is { Length: > 0 } folder
            ? System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, "..", "..", "..")) : null;
        string file = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        return root is not null && File.Exists(System.IO.Path.Combine(root, file)) ? System.IO.Path.Combine(root, file) : "dotnet";
    }
}
