using System.CommandLine;
using Serenity.Build;
using Serenity.Build.Output;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Commands;
using Serenity.Tool.Terminal;

namespace Serenity.Tool;

/// <summary>The command line as a whole: parses it, runs one command, and turns whatever goes wrong into one clear error.</summary>
/// <param name="engine">The optimizer; tests put their own in its place.</param>
/// <param name="console">Where output goes.</param>
/// <param name="folder">Absolute path that relative paths start from.</param>
internal sealed class SerenityCommandLine(OptimizerEngine engine, ToolConsole console, string folder)
{
    /// <summary>Runs a command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        ParseResult parsed = Root().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (string problem in parsed.Errors.Select(e => e.Message).Distinct(StringComparer.Ordinal))
                console.Problem(new SerenityDiagnostic(SerenityCodes.BadOption, DiagnosticSeverity.Error, null, problem));
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
            console.Problem(ProblemDiagnostic.Of(problem, null));
            return ExitCodes.Error;
        }
    }

    private RootCommand Root()
    {
        RootCommand root = new("What an ONNX model costs in memory, the order of execution that costs least, and whether it fits a budget.");
        ToolContext context = new(engine, console, folder);
        root.Add(OptimizeCommand.Create(context));
        root.Add(InspectCommand.Create(context));
        root.Add(CheckCommand.Create(context));
        root.Add(CompareCommand.Create(context));
        root.Add(ReportCommand.Create(context));
        root.Add(DevicesCommand.Create(context));
        root.Add(ExplainCommand.Create(context));
        return root;
    }
}
