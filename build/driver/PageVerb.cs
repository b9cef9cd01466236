using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Serenity.Driver;

/// <summary>
/// <c>page</c>: bundles the script of the report. The bundle is checked in, so that a checkout builds with the .NET SDK alone; only who changes the script needs npm. Its first
/// line names the content of its sources, by which a test sees that it was made from these; where npm is there, it is made again and compared.
/// </summary>
internal sealed class PageVerb(Workspace workspace, DriverLog log)
{
    private static readonly string _npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    private string Sources => Path.Combine(workspace.Root, "src", "Serenity.Build", "Report", "Script");

    private string Bundle => Path.Combine(workspace.Root, "src", "Serenity.Build", "Report", "Assets", "report.js");

    /// <summary>Makes the bundle, or with <paramref name="check"/> only says whether it is what its sources make.</summary>
    public int Run(bool check) => log.Step(check ? "the report's script is what its sources make" : "bundle the report's script", () =>
    {
        string made = Make();
        if (!check)
        {
            File.WriteAllText(Bundle, made);
            return 0;
        }
        if (File.Exists(Bundle) && File.ReadAllText(Bundle).ReplaceLineEndings("\n") == made)
            return 0;
        log.Line("    it is not; ./build.sh page makes it");
        return 1;
    });

    /// <summary>The check, where npm and the packages are to be had; what cannot be checked is told and passes.</summary>
    /// <returns>False if the bundle is not what its sources make.</returns>
    public bool Look()
    {
        try
        {
            return Run(check: true) == 0;
        }
        catch (DriverException e) when (!e.Message.StartsWith("tsc", StringComparison.Ordinal))
        {
            log.Line($"    not checked: {e.Message.Split('\n')[0].Trim()}");
            return true;
        }
    }

    private string Make()
    {
        string work = Path.Combine(workspace.Artifacts, "page");
        Directory.CreateDirectory(work);
        foreach (string stale in Directory.GetFiles(work))
            File.Delete(stale);
        foreach (string source in Files())
            File.Copy(source, Path.Combine(work, Path.GetFileName(source)));
        ChildProcess.Must(_npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], work, "npm ci");
        ChildProcess.Must(_npm, ["exec", "--no", "--", "tsc", "--project", "."], work, "tsc");
        ChildProcess.Must(
            _npm,
            ["exec", "--no", "--", "esbuild", "main.ts", "--bundle", "--minify", "--format=iife", "--target=es2022", "--charset=utf8", "--legal-comments=none", "--metafile=meta.json", "--outfile=bundle.js"],
            work, "esbuild");
        StringBuilder text = new();
        text.Append("// Made by './build.sh page' from Report/Script, sha256 ").Append(Hash()).Append(".\n").Append(Licences(work));
        return text.Append(File.ReadAllText(Path.Combine(work, "bundle.js"))).ToString().ReplaceLineEndings("\n");
    }

    private string[] Files() => [.. Directory.GetFiles(Sources).Order(StringComparer.Ordinal)];

    /// <summary>Names and contents of the sources, in one figure.</summary>
    private string Hash()
    {
        StringBuilder all = new();
        foreach (string source in Files())
            all.Append(Path.GetFileName(source)).Append('\n').Append(File.ReadAllText(source).ReplaceLineEndings("\n")).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())));
    }

    /// <summary>Whose code went in, and the licences it is under, which have to go where the code goes: into every report.</summary>
    private static string Licences(string work)
    {
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(work, "meta.json")));
        SortedDictionary<string, List<string>> byText = new(StringComparer.Ordinal);
        SortedSet<string> packages = new(StringComparer.Ordinal);
        foreach (JsonProperty output in meta.RootElement.GetProperty("outputs").EnumerateObject())
        {
            foreach (JsonProperty input in output.Value.GetProperty("inputs").EnumerateObject().Where(i => i.Value.GetProperty("bytesInOutput").GetInt64() > 0))
            {
                const string Modules = "node_modules/";
                if (input.Name.LastIndexOf(Modules, StringComparison.Ordinal) is var at and >= 0)
                {
                    string[] path = input.Name[(at + Modules.Length)..].Split('/');
                    packages.Add(path[0].StartsWith('@') ? $"{path[0]}/{path[1]}" : path[0]);
                }
            }
        }
        // A bundle of its own within a package: its parts are not named.
        if (packages.Contains("@dagrejs/dagre"))
            packages.Add("@dagrejs/graphlib");
        foreach (string package in packages)
        {
            string folder = Path.Combine(work, "node_modules", package);
            using JsonDocument about = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package.json")));
            string text = File.ReadAllText(Path.Combine(folder, "LICENSE")).ReplaceLineEndings("\n").Trim();
            (byText.TryGetValue(text, out List<string>? names) ? names : byText[text] = []).Add($"{package} {about.RootElement.GetProperty("version").GetString()}");
        }
        StringBuilder comment = new();
        foreach ((string text, List<string> names) in byText)
            comment.Append("/*!\n").Append(string.Join(", ", names)).Append("\n\n").Append(text.Replace("*/", "* /", StringComparison.Ordinal)).Append("\n*/\n");
        return comment.ToString();
    }
}
