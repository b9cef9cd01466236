using System.Reflection;

namespace Serenity.Build.Items;

/// <summary>
/// Tells builds that <c>dotnet watch</c> makes with hot reload on: it watches models, sees them change, and applies changes of code only, so that the app goes on with the model of before.
/// Seen with SDK 10.0.401: such a build runs in a process that dotnet watch starts, or in its own; nothing in its environment or properties says so.
/// </summary>
internal static class HotReload
{
    /// <summary>What to say at the start; null for any other build.</summary>
    public static string? Notice() => Notice(Assembly.GetEntryAssembly()?.GetName().Name, Environment.GetCommandLineArgs()) ?? Notice(Parent());

    /// <summary>What to say at the start; null for any other build.</summary>
    /// <param name="program">Name of the program that builds.</param>
    /// <param name="arguments">Its command line.</param>
    internal static string? Notice(string? program, IEnumerable<string> arguments) => program == "dotnet-watch" && !arguments.Contains("--no-hot-reload")
        ? "dotnet watch applies changes of code only while hot reload is on. When a model has changed press Ctrl+R; or run 'dotnet watch --no-hot-reload', or set SupportsHotReload to false in the project: then it builds and starts anew by itself." : null;

    /// <summary>The same for a process that was started by this one.</summary>
    /// <param name="starter">Command line of that process; empty if it is not known.</param>
    internal static string? Notice(IReadOnlyList<string> starter) =>
        starter.Any(argument => Path.GetFileName(argument) == "dotnet-watch.dll") ? Notice("dotnet-watch", starter) : null;

    // Only Linux tells who started a process without a call into the system; elsewhere a build that dotnet watch starts says nothing.
    private static string[] Parent()
    {
        try
        {
            // The name of the program is in parentheses, and may hold anything; state and parent come behind it.
            string status = File.ReadAllText("/proc/self/stat");
            string parent = status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return File.ReadAllText($"/proc/{parent}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            return [];
        }
    }
}
