using System.CommandLine;
using System.Text;
using Serenity.Build.Budgets;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Tool.Formats;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>report</c>: writes the page that shows where a model's memory goes, and for several models a page of all of them.</summary>
internal static class ReportCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("report", "Write the report, one self-contained HTML file, of a model or a manifest; of several, one each and serenity-index.html.");
        Argument<string[]> models = ModelArgument.Many("models");
        Option<string> output = new("--output", "-o") { HelpName = "path", Description = "Where to write it: a file, or for several models a folder. Default: <model>.memory.html beside the file; serenity-report for several." };
        FormatSwitch formats = new();
        ModelSwitches options = new(withFormat: false);
        BudgetSwitches budgets = new();
        command.Add(models);
        command.Add(output);
        budgets.AddTo(command);
        options.AddTo(command);
        formats.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string[] given = parsed.GetValue(models)!;
                OptionFaults faults = new();
                IReadOnlyList<(string Name, string? File)>? wanted = faults.Of(() => formats.Read(parsed));
                MemoryBudgets? limits = faults.Of(() => budgets.Read(parsed, given[0]));
                faults.Of(() => options.Read(parsed, given[0]));
                faults.Throw();
                IReadOnlyList<string> files = ModelPaths.Expand(context, given);
                if (given.Length == 1 && files.Count == 1 && files[0] == given[0] && !ModelPaths.IsResults(given[0]))
                    return One(context, options, parsed, given[0], parsed.GetValue(output), limits, wanted!, cancellation);
                return Many(context, options, parsed, files, parsed.GetValue(output) ?? "serenity-report", limits, wanted!, cancellation);
            },
            CancellationToken.None));
        return command;
    }

    private static int One(
        ToolContext context, ModelSwitches options, ParseResult parsed, string given, string? output, MemoryBudgets? limits, IReadOnlyList<(string Name, string? File)> wanted,
        CancellationToken cancellation)
    {
        MemoryManifest manifest = new ManifestSource(context, options).Get(parsed, given, limits, cancellation);
        if (limits is not null)
            manifest = Build.Checks.BudgetCheck.Apply(manifest, limits);
        string path = context.PathOf(output ?? Name(given));
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(HtmlReport.Render(manifest)));
        if (FormatSwitch.IsJson(wanted))
            JsonText.Write(context.Console.Output, new { Model = given, Report = path });
        else
            context.Console.Line("wrote " + Path.GetRelativePath(context.Folder, path));
        return ExitCodes.Ok;
    }

    private static int Many(
        ToolContext context, ModelSwitches options, ParseResult parsed, IReadOnlyList<string> files, string output, MemoryBudgets? limits, IReadOnlyList<(string Name, string? File)> wanted,
        CancellationToken cancellation)
    {
        string folder = context.PathOf(output);
        if (File.Exists(folder))
            throw new SerenityException(SerenityCodes.BadOption, output, "Reports of several models need a folder, and this is a file. Give --output another path.");
        List<string> written = [];
        string Write(string name, string page)
        {
            string path = Path.Combine(folder, name);
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(page));
            written.Add(path);
            return name;
        }
        Dictionary<string, string> pages = new(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        Limits held = Limits.None with { Budgets = limits };
        IReadOnlyList<ModelResult> results = new ModelResults(context, options, held).Of(parsed, files, cancellation, (file, manifest) =>
        {
            string name = Name(file.Replace('/', '_').Replace('\\', '_').TrimStart('.', '_'));
            for (int i = 2; !names.Add(name); i++)
                name = FormattableString.Invariant($"{i}_{name}");
            pages[context.PathOf(file)] = Write(name, HtmlReport.Render(manifest));
        });
        Write(IndexPage.FileName, IndexPage.Render(results, result => pages.GetValueOrDefault(result.ManifestPath ?? context.PathOf(result.Model))));
        ResultSet set = new(results, context.Folder);
        FormatSwitch.Write(context, wanted, set, name =>
        {
            if (name == "json")
                JsonText.Write(context.Console.Output, new { Index = written[^1], Reports = written.SkipLast(1).ToArray() });
            else
                context.Console.Line($"wrote {Path.GetRelativePath(context.Folder, written[^1])} and {Counted.Of(written.Count - 1, "report")} beside it");
        });
        foreach (SerenityDiagnostic problem in results.Where(r => r.Figures is null).SelectMany(r => r.Diagnostics.Select(d => d with { File = r.Model })))
            context.Console.Problem(problem);
        return results.Any(r => r.Figures is null) ? ExitCodes.Error : ExitCodes.Ok;
    }

    private static string Name(string given)
    {
        foreach (string ending in new[] { ".memory.json", ".json", ".onnx", ".ort" })
        {
            if (given.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return given[..^ending.Length] + ".memory.html";
        }
        return given + ".memory.html";
    }
}
