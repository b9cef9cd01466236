using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Spectre.Console;

namespace Serenity.Tool.Terminal;

/// <summary>
/// Where the tool writes: results to standard output, everything else to standard error. Colours, lines and progress only on a terminal,
/// and not where <c>NO_COLOR</c> is set.
/// </summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="richOutput">True to draw tables for a terminal.</param>
/// <param name="richError">True to show progress and colours on standard error.</param>
internal sealed class ToolConsole(TextWriter output, TextWriter error, bool richOutput, bool richError)
{
    private readonly List<string> _unexplained = [];

    /// <summary>Standard output.</summary>
    public TextWriter Output => output;

    /// <summary>Standard error.</summary>
    public TextWriter Error => error;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess()
    {
        bool colours = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";
        if (!OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            Console.OutputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new ToolConsole(Console.Out, Console.Error, colours && !Console.IsOutputRedirected, colours && !Console.IsErrorRedirected);
    }

    /// <summary>Characters that a line of a result has room for.</summary>
    public int Width => richOutput ? Ansi(output).Profile.Width : 101;

    /// <summary>Writes a line of a result.</summary>
    public void Line(string text = "") => output.WriteLine(text);

    /// <summary>Writes a heading of a result.</summary>
    public void Heading(string text)
    {
        if (richOutput)
            Ansi(output).MarkupLine($"[bold]{Markup.Escape(text)}[/]");
        else
            output.WriteLine(text);
    }

    /// <summary>Writes a table.</summary>
    public void Write(TextTable table)
    {
        if (!richOutput)
        {
            table.WritePlain(output);
            return;
        }
        Table drawn = new() { Border = TableBorder.Rounded };
        for (int column = 0; column < table.Headings.Count; column++)
        {
            TableColumn made = new($"[grey]{Markup.Escape(table.Headings[column])}[/]");
            if (table.IsRight(column))
                made.RightAligned().NoWrap();
            drawn.AddColumn(made);
        }
        foreach (string[] row in table.Rows)
            drawn.AddRow([.. row.Select(Markup.Escape)]);
        Ansi(output).Write(drawn);
    }

    /// <summary>Writes an error or warning, in the form every build tool understands: <c>file : error SER1001: text</c>.</summary>
    public void Problem(SerenityDiagnostic diagnostic)
    {
        string kind = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
        string file = diagnostic.File is null ? "serenity" : ModelText.Clean(diagnostic.File);
        string text = $"{file} : {kind} {diagnostic.Code}: {ModelText.Clean(diagnostic.Message)}{ModelText.Clean(CommandLineForm.Of(diagnostic.Settings))}";
        if (richError)
            Ansi(error).MarkupLine($"[{(kind == "error" ? "red" : "yellow")}]{Markup.Escape(text)}[/]");
        else
            error.WriteLine(text);
        if (diagnostic.Severity == DiagnosticSeverity.Error && !_unexplained.Contains(diagnostic.Code))
            _unexplained.Add(diagnostic.Code);
    }

    /// <summary>Says where more is to be read of the errors that were written, once for all of them.</summary>
    public void Explain()
    {
        if (_unexplained.Count > 0)
            Hint($"  More: dotnet serenity explain {string.Join(' ', _unexplained)}");
        _unexplained.Clear();
    }

    /// <summary>Writes a line that is no result to standard error.</summary>
    public void Hint(string text) => error.WriteLine(text);

    /// <summary>Does long work; on a terminal with the stage it is in.</summary>
    /// <param name="what">What is worked on.</param>
    /// <param name="work">The work; told where to report its stages.</param>
    public T Work<T>(string what, Func<Action<PipelineStage>?, T> work)
    {
        if (!richError)
            return work(null);
        string name = Markup.Escape(ModelText.Clean(Path.GetFileName(what), 60));
        return Ansi(error).Status().Start(name, status => work(stage => status.Status = $"{name}: {StageText.Of(stage)}"));
    }

    private static IAnsiConsole Ansi(TextWriter writer) => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
}
