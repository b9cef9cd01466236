using System.CommandLine;
using System.Text;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Formats;

/// <summary>In which formats a command writes its results, and where to: <c>--format github --format sarif=serenity.sarif</c>.</summary>
internal sealed class FormatSwitch
{
    private const string Text = "text", Json = "json", GitHub = "github";

    private static readonly string[] _names = [Text, Json, "markdown", GitHub, "sarif", "junit"];

    private readonly Option<string[]> _format = new("--format", "-f")
    {
        HelpName = "name[=file]",
        Description = $"How results are written: {string.Join(", ", _names)}; with =FILE into a file. May be repeated. Default: text.",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _json = new("--json") { Description = "The same as --format json." };

    /// <summary>Adds the switches to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_format);
        command.Add(_json);
    }

    /// <summary>What was asked for; the first is what goes to standard output where no file is named.</summary>
    /// <exception cref="SerenityException">SER1101: there is no such format, or two would go to standard output.</exception>
    public IReadOnlyList<(string Name, string? File)> Read(ParseResult parsed)
    {
        List<(string Name, string? File)> wanted = [];
        foreach (string said in parsed.GetValue(_format) ?? [])
        {
            string[] parts = said.Split('=', 2);
            if (!_names.Contains(parts[0]))
                throw Bad($"--format=\"{said}\" is not understood: it can be {string.Join(", ", _names)}, with =FILE to write a file.{NearestName.Question(parts[0], _names)}");
            wanted.Add((parts[0], parts.Length > 1 && parts[1].Length > 0 ? parts[1] : null));
        }
        if (parsed.GetValue(_json))
            wanted.Add((Json, null));
        if (wanted.Count(w => w.File is null) > 1)
            throw Bad("Only one format can go to standard output. Give the others a file: --format sarif=serenity.sarif.");
        // Files beside what a person reads.
        return wanted.All(w => w.File is not null) ? [(Text, null), .. wanted] : wanted;
    }

    /// <summary>True if standard output is for a script, and is one JSON value whatever happens.</summary>
    public static bool IsJson(IReadOnlyList<(string Name, string? File)> wanted) => wanted.Any(w => w is (Json, null));

    /// <summary>True if standard output has the messages already.</summary>
    public static bool TellsMessages(IReadOnlyList<(string Name, string? File)> wanted) => wanted.Any(w => w is (GitHub, null));

    /// <summary>Writes results in each format.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="wanted">The formats.</param>
    /// <param name="set">The results.</param>
    /// <param name="standard">Writes standard output in the place of the formats for people and scripts; null for these.</param>
    /// <exception cref="SerenityException">SER1601: a file cannot be written.</exception>
    public static void Write(ToolContext context, IReadOnlyList<(string Name, string? File)> wanted, ResultSet set, Action<string>? standard = null)
    {
        foreach ((string name, string? file) in wanted)
        {
            if (file is null && standard is not null && name is Text or Json)
            {
                standard(name);
                continue;
            }
            IResultFormat format = name switch
            {
                Json => new JsonFormat(),
                "markdown" => new MarkdownFormat(),
                GitHub => new GitHubFormat(context.StepSummary),
                "sarif" => new SarifFormat(),
                "junit" => new JUnitFormat(),
                _ => new TextFormat(),
            };
            if (file is null)
            {
                format.Write(context.Console.Output, set);
                continue;
            }
            using StringWriter text = new() { NewLine = "\n" };
            format.Write(text, set);
            AtomicFile.Write(context.PathOf(file), Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    private static SerenityException Bad(string what) => new(SerenityCodes.BadOption, null, what);
}
