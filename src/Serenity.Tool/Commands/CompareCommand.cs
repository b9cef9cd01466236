using System.CommandLine;
using System.Globalization;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Tool.Manifests;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>compare</c>: two models or manifests side by side. Writes no file.</summary>
internal static class CompareCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("compare", "Put the figures of two models or manifests side by side.");
        Argument<string> before = ModelArgument.ModelOrManifest("before"), after = ModelArgument.ModelOrManifest("after");
        Option<bool> fail = new("--fail-if-larger") { Description = "Exit with 1 if the second needs more memory than the first." };
        Option<bool> json = JsonOption.Create();
        ModelSwitches options = new();
        command.Add(before);
        command.Add(after);
        command.Add(fail);
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                ManifestSource source = new(context, options);
                string first = parsed.GetValue(before)!, second = parsed.GetValue(after)!;
                MemoryManifest a = source.Get(parsed, first, null, cancellation), b = source.Get(parsed, second, null, cancellation);
                long grown = b.Peak.RequiredBytes - a.Peak.RequiredBytes;
                BudgetVerdict verdict = !parsed.GetValue(fail) ? BudgetVerdict.None : grown > 0 ? BudgetVerdict.Fail : BudgetVerdict.Pass;
                if (parsed.GetValue(json))
                    JsonText.Write(context.Console.Output, new { Before = Outcome.Of(a, first), After = Outcome.Of(b, second), DifferenceBytes = grown, Verdict = verdict });
                else
                    Show(context.Console, a, b, first, second);
                if (verdict != BudgetVerdict.Fail)
                    return ExitCodes.Ok;
                context.Console.Hint(Growth(a, b, first, second, grown));
                return ExitCodes.No;
            },
            CancellationToken.None));
        return command;
    }

    // Standard error says why the exit code is what it is, also where standard output goes to a file.
    private static string Growth(MemoryManifest a, MemoryManifest b, string first, string second, long grown)
    {
        string Parts(PeakFacts peak) => peak.WorkspaceBytes is > 0 and long workspace
            ? FormattableString.Invariant($"{peak.RequiredBytes} bytes ({peak.Bytes} for tensors, {workspace} for kernels' workspace)")
            : ByteSize.Format(peak.Bytes);
        return $"{ModelText.Clean(second)} needs {ByteSize.Format(grown)} more than {ModelText.Clean(first)}: {Parts(b.Peak)}, up from {Parts(a.Peak)}.";
    }

    private static void Show(ToolConsole console, MemoryManifest a, MemoryManifest b, string first, string second)
    {
        console.Line($"before: {ModelText.Clean(first)} ({a.Executor})");
        console.Line($"after:  {ModelText.Clean(second)} ({b.Executor})");
        TextTable table = new("figure", ">before", ">after", ">difference", ">change");
        void Row(string figure, long was, long now)
        {
            string sign = now > was ? "+" : "";
            table.Add(
                figure, Number(was), Number(now), sign + Number(now - was), ChangeText.Percent(was, now, "-"));
        }
        Row("peak bytes", a.Peak.Bytes, b.Peak.Bytes);
        if (a.Peak.WorkspaceBytes is not null || b.Peak.WorkspaceBytes is not null)
            Row("workspace bytes", a.Peak.WorkspaceBytes ?? 0, b.Peak.WorkspaceBytes ?? 0);
        Row("live peak bytes", a.Peak.LiveBytes, b.Peak.LiveBytes);
        Row("lower bound bytes", a.Peak.LowerBoundBytes, b.Peak.LowerBoundBytes);
        Row("source model's peak bytes", a.Peak.OriginalBytes, b.Peak.OriginalBytes);
        Row("weight bytes", a.Weights.Bytes, b.Weights.Bytes);
        Row("nodes", a.Schedule.Count, b.Schedule.Count);
        Row("tensors", a.Tensors.Count, b.Tensors.Count);
        Row("rewrites", a.Rewrites.Count, b.Rewrites.Count);
        console.Write(table);
        AtThePeak(console, a, b);
    }

    // What a total cannot say: which tensors at the peak are new, gone, or of another size.
    private static void AtThePeak(ToolConsole console, MemoryManifest a, MemoryManifest b)
    {
        Dictionary<string, long> was = ByName(a), now = ByName(b);
        TextTable table = new("at the peak", ">before", ">after", ">difference");
        foreach (string tensor in was.Keys.Union(now.Keys)
            .Where(t => was.GetValueOrDefault(t) != now.GetValueOrDefault(t))
            .OrderByDescending(t => Math.Abs(now.GetValueOrDefault(t) - was.GetValueOrDefault(t))).ThenBy(t => t, StringComparer.Ordinal).Take(20))
        {
            long before = was.GetValueOrDefault(tensor), after = now.GetValueOrDefault(tensor);
            table.Add(ModelText.Clean(tensor, 80), before == 0 ? "-" : Number(before), after == 0 ? "-" : Number(after), (after > before ? "+" : "") + Number(after - before));
        }
        console.Line();
        if (table.Rows.Count == 0)
            console.Line("The same tensors are live at the peak.");
        else
            console.Write(table);
    }

    private static Dictionary<string, long> ByName(MemoryManifest manifest)
    {
        Dictionary<string, long> bytes = new(StringComparer.Ordinal);
        foreach (LiveTensor live in manifest.PeakStep?.Live ?? [])
            bytes[live.Tensor] = live.Bytes;
        return bytes;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
