using System.CommandLine;
using System.CommandLine.Parsing;
using Serenity.Build;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Commands;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool;

/// <summary>The command line as a whole: parses it, runs one command, and turns whatever goes wrong into one clear error.</summary>
/// <param name="engines">The optimizers; tests put their own in their place.</param>
/// <param name="console">Where output goes.</param>
/// <param name="folder">Absolute path that relative paths start from.</param>
/// <param name="stepSummary">Absolute path of the file in which GitHub's runner takes the summary of a step; null outside of one.</param>
internal sealed class SerenityCommandLine(OptimizerEngines engines, ToolConsole console, string folder, string? stepSummary = null)
{
    /// <summary>Runs a command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        // Whoever says nothing wants to know what there is to say.
        ParseResult parsed = Root().Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (Problems(parsed, arguments) is { Count: > 0 } problems)
        {
            SerenityDiagnostic[] told = [.. problems.Select(problem => new SerenityDiagnostic(SerenityCodes.BadOption, DiagnosticSeverity.Error, null, problem))];
            foreach (SerenityDiagnostic problem in told)
                console.Problem(problem);
            console.Explain();
            TellScripts(arguments, told);
            console.Hint($"Run 'dotnet serenity {(parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ")}--help' to see what is possible.");
            return ExitCodes.Error;
        }
        InvocationConfiguration configuration = new()
        {
            Output = console.Output,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (OperationCanceledException)
        {
            console.Hint("Cancelled; nothing was written.");
            return ExitCodes.Cancelled;
        }
        catch (Exception problem)
        {
            SerenityDiagnostic[] told = problem is WrongOptionsException wrong ? [.. wrong.Faults.Select(fault => fault.ToDiagnostic())] : [ProblemDiagnostic.Of(problem, null)];
            foreach (SerenityDiagnostic fault in told)
                console.Problem(fault);
            TellScripts(arguments, told);
            return ExitCodes.Error;
        }
        finally
        {
            console.Explain();
        }
    }

    // A script that reads JSON gets JSON, whatever happened.
    private void TellScripts(IReadOnlyList<string> arguments, IReadOnlyList<SerenityDiagnostic> problems)
    {
        bool asked = arguments.Contains("--json") || arguments.Contains("--format=json") || arguments.Zip(arguments.Skip(1)).Any(pair => pair is ("--format" or "-f", "json"));
        if (asked)
            JsonText.Write(console.Output, new { Verdict = "error", Errors = problems.Select(p => new { p.Code, p.File, p.Message }).ToArray() });
    }

    /// <summary>What is wrong with a command line; an unknown word is one thing, whatever else the parser misses for it.</summary>
    private static IReadOnlyList<string> Problems(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        // The parser takes an option that it does not know for the file. After "--" that is meant.
        if (!arguments.Contains("--"))
        {
            string? option = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
                .Concat(parsed.UnmatchedTokens).FirstOrDefault(word => word.Length > 1 && word[0] == '-');
            if (option is not null)
                return [$"There is no option '{option}'.{NearestName.Question(option, parsed.CommandResult.Command.Options.Select(o => o.Name))}"];
        }
        if (parsed.UnmatchedTokens.Count > 0)
        {
            return [parsed.CommandResult.Command is RootCommand
                ? $"There is no command '{parsed.UnmatchedTokens[0]}'.{NearestName.Question(parsed.UnmatchedTokens[0], parsed.CommandResult.Command.Subcommands.Select(c => c.Name))}"
                : $"'{parsed.UnmatchedTokens[0]}' is one argument too many."];
        }
        return [.. parsed.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal)];
    }

    private RootCommand Root()
    {
        RootCommand root = new("What an ONNX model costs in memory, the order of execution that costs least, and whether it fits a budget.");
        ToolContext context = new(engines, console, folder, stepSummary);
        root.Add(OptimizeCommand.Create(context));
        root.Add(InspectCommand.Create(context));
        root.Add(CheckCommand.Create(context));
        root.Add(CompareCommand.Create(context));
        root.Add(ReportCommand.Create(context));
        root.Add(ExtractCommand.Create(context));
        root.Add(DevicesCommand.Create(context));
        root.Add(ExplainCommand.Create(context));
        root.Add(InitCommand.Create(context));
        return root;
    }
}
