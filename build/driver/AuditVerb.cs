using System.Text.Json;

namespace Serenity.Driver;

/// <summary>
/// <c>audit</c>: asks the registry for known weaknesses of the packages that are restored, those of packages included. A registry that does not answer
/// is said so, and fails nothing.
/// </summary>
internal sealed class AuditVerb(Workspace workspace, DriverLog log)
{
    /// <returns>1 if there is a known weakness.</returns>
    public int Run()
    {
        new OnnxRuntimeSource(workspace, log).Restore();
        return Look() ? 0 : 1;
    }

    /// <summary>Asks, of a solution that is restored.</summary>
    /// <returns>False if there is a known weakness.</returns>
    public bool Look() => log.Step("audit of packages", () =>
    {
        ChildResult result = ChildProcess.Capture(
            "dotnet", ["list", workspace.Solution, "package", "--vulnerable", "--include-transitive", "--no-restore", "--format", "json"], workspace.Root);
        // Before the JSON there may be a first-run greeting.
        int start = result.Output.IndexOf('{', StringComparison.Ordinal);
        if (result.ExitCode != 0 || start < 0)
        {
            log.Line("    the registry did not answer, so nothing is known: " + result.Output.Trim().Split('\n')[0]);
            return true;
        }
        try
        {
            using JsonDocument report = JsonDocument.Parse(result.Output[start..]);
            string[] found = [.. Weaknesses(report.RootElement).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            foreach (string line in found)
                log.Line("    " + line);
            if (found.Length == 0)
                log.Line("    no known weakness");
            return found.Length == 0;
        }
        catch (JsonException)
        {
            log.Line("    the answer could not be read, so nothing is known");
            return true;
        }
    });

    private static IEnumerable<string> Weaknesses(JsonElement report)
    {
        foreach (JsonElement project in Items(report, "projects"))
        {
            foreach (JsonElement framework in Items(project, "frameworks"))
            {
                foreach (JsonElement package in Items(framework, "topLevelPackages").Concat(Items(framework, "transitivePackages")))
                {
                    foreach (JsonElement weakness in Items(package, "vulnerabilities"))
                        yield return $"{Text(package, "id")} {Text(package, "resolvedVersion")}: {Text(weakness, "severity")}, {Text(weakness, "advisoryurl")}";
                }
            }
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (JsonElement item in list.EnumerateArray())
            yield return item;
    }

    private static string Text(JsonElement parent, string name) => parent.TryGetProperty(name, out JsonElement value) ? value.ToString() : "?";
}
