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
        Argument<string[]> code = new("code") { Description = "Codes such as SER1001, or their numbers; none for a list of all.", Arity = ArgumentArity.ZeroOrMore };
        command.Add(code);
        command.SetAction(parsed =>
        {
            string[] wanted = [.. (parsed.GetValue(code) ?? []).Select(given => given.Trim().ToUpperInvariant()).Where(given => given.Length > 0).Distinct(StringComparer.Ordinal)];
            if (wanted.Length == 0)
            {
                TextTable table = new("code", "kind", "what it says");
                foreach (SerenityCode known in SerenityCodes.All)
                    table.Add(known.Code, known.Severity == DiagnosticSeverity.Warning ? "warning" : "error", known.Title);
                context.Console.Write(table);
                return ExitCodes.Ok;
            }
            // All are looked for before one is written.
            string[] pages = [.. wanted.Select(PageOf)];
            for (int i = 0; i < pages.Length; i++)
            {
                if (i > 0)
                    context.Console.Line();
                MarkdownText.Write(context.Console, pages[i]);
            }
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string PageOf(string wanted)
    {
        string code = wanted.All(char.IsAsciiDigit) ? "SER" + wanted : wanted;
        if (ErrorPages.Find(code) is { } page)
            return page;
        string[] codes = [.. SerenityCodes.All.Select(c => c.Code)];
        throw new SerenityException(SerenityCodes.BadOption, null, $"There is no code '{code}'.{NearestName.Question(code, codes)} The codes are {string.Join(", ", codes)}.");
    }
}
