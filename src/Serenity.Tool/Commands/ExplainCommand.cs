using System.CommandLine;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Formats;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>explain</c>: the page of an error code, which comes with the tool.</summary>
internal static class ExplainCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("explain", "Say what an error code means and what to do about it.");
        Argument<string?> code = new("code") { Description = "A code such as SER1001, or its number; none for a list of all.", Arity = ArgumentArity.ZeroOrOne };
        command.Add(code);
        command.SetAction(parsed =>
        {
            string wanted = (parsed.GetValue(code) ?? "").Trim().ToUpperInvariant();
            if (wanted.Length == 0)
            {
                TextTable table = new("code", "kind", "what it says");
                foreach (SerenityCode known in SerenityCodes.All)
                    table.Add(known.Code, known.Severity == DiagnosticSeverity.Warning ? "warning" : "error", known.Title);
                context.Console.Write(table);
                return ExitCodes.Ok;
            }
            if (wanted.All(char.IsAsciiDigit))
                wanted = "SER" + wanted;
            string[] codes = [.. SerenityCodes.All.Select(c => c.Code)];
            if (ErrorPages.Find(wanted) is not { } page)
                throw new SerenityException(SerenityCodes.BadOption, null, $"There is no code '{wanted}'.{NearestName.Question(wanted, codes)} The codes are {string.Join(", ", codes)}.");
            MarkdownText.Write(context.Console, page);
            return ExitCodes.Ok;
        });
        return command;
    }
}
