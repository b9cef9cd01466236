using System.CommandLine;
using System.Text;
using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Models;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>report</c>: writes the page that shows where a model's memory goes.</summary>
internal static class ReportCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("report", "Write the report, one self-contained HTML file, of a model or a manifest.");
        Argument<string> model = ModelArgument.ModelOrManifest("model");
        Option<string> output = new("--output", "-o") { HelpName = "file", Description = "Where to write it. Default: <model>.memory.html beside the file." };
        Option<bool> json = JsonOption.Create();
        ModelSwitches options = new();
        BudgetSwitches budgets = new();
        command.Add(model);
        command.Add(output);
        budgets.AddTo(command);
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string given = parsed.GetValue(model)!;
                MemoryBudgets? limits = budgets.Read(parsed, given);
                MemoryManifest manifest = new ManifestSource(context, options).Get(parsed, given, limits, cancellation);
                if (limits is not null)
                    manifest = BudgetCheck.Apply(manifest, limits);
                string path = context.PathOf(parsed.GetValue(output) ?? Name(given));
                AtomicFile.Write(path, Encoding.UTF8.GetBytes(HtmlReport.Render(manifest)));
                if (parsed.GetValue(json))
                    JsonText.Write(context.Console.Output, new { Model = given, Report = path });
                else
                    context.Console.Line("wrote " + Path.GetRelativePath(context.Folder, path));
                return ExitCodes.Ok;
            },
            CancellationToken.None));
        return command;
    }

    private static string Name(string given)
    {
        foreach (string ending in new[] { ".memory.json", ".json", ".onnx" })
        {
            if (given.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return given[..^ending.Length] + ".memory.html";
        }
        return given + ".memory.html";
    }
}
