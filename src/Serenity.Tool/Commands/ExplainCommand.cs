using System.CommandLine;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>explain</c>: the page of an error code, which comes with the tool.</summary>
internal static class ExplainCommand
{
    private const string Prefix = "Serenity.Tool.Errors.";

    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("explain", "Say what an error code means and what to do about it.");
        Argument<string> code = new("code") { Description = "A code such as SER1001." };
        command.Add(code);
        command.SetAction(parsed =>
        {
            string wanted = parsed.GetValue(code)!.Trim().ToUpperInvariant();
            using Stream? page = typeof(ExplainCommand).Assembly.GetManifestResourceStream(Prefix + wanted + ".md");
            if (page is null)
            {
                throw new SerenityException(
                    SerenityCodes.BadOption, null, $"There is no code '{wanted}'. The codes are {string.Join(", ", Codes())}.");
            }
            using StreamReader reader = new(page);
            context.Console.Line(reader.ReadToEnd().TrimEnd());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static IEnumerable<string> Codes() => typeof(ExplainCommand).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix + "SER", StringComparison.Ordinal)).Select(name => name[Prefix.Length..^".md".Length])
        .Order(StringComparer.Ordinal);
}
