using System.Reflection;

namespace Serenity.Build.Items;

/// <summary>
/// Tells builds that <c>dotnet watch</c> makes with hot reload on: it watches models, sees them change, and applies changes of code only, so that the app goes on with the model of before.
/// Seen with SDK 10.0.401: such a build runs in the process of dotnet watch; nothing in its environment or properties says so.
/// </summary>
internal static class HotReload
{
    /// <summary>What to say at the start; null for any other build.</summary>
    public static string? Notice() => Notice(Assembly.GetEntryAssembly()?.GetName().Name, Environment.GetCommandLineArgs());

    /// <summary>What to say at the start; null for any other build.</summary>
    /// <param name="program">Name of the program that builds.</param>
    /// <param name="arguments">Its command line.</param>
    internal static string? Notice(string? program, IEnumerable<string> arguments) => program == "dotnet-watch" && !arguments.Contains("--no-hot-reload")
        ? "dotnet watch applies changes of code only while hot reload is on: when a model has changed press Ctrl+R, or run 'dotnet watch --no-hot-reload', which builds and starts anew then." : null;
}
