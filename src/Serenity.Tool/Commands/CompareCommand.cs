using System.CommandLine;
using System.Globalization;
using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Formats;
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
        Command command = new("compare", "Put the figures of two models or manifests side by side, or of all in two folders.");
        Argument<string> before = ModelArgument.ModelOrManifest("before"), after = ModelArgument.ModelOrManifest("after");
        after.Arity = ArgumentArity.ZeroOrOne;
        Option<string[]> runtimes = new("--runtime")
        {
            HelpName = "library",
            Description = "Without a second model: a native ONNX Runtime that the model is planned and run with, beside the one that comes with this program; twice for two others.",
        };
        Option<bool> fail = new("--fail-if-larger") { Description = "Exit with 1 if one needs more memory than before." };
        FormatSwitch formats = new();
        ModelSwitches options = new(withFormat: false);
        command.Add(before);
        command.Add(after);
        command.Add(runtimes);
        command.Add(fail);
        formats.AddTo(command);
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string first = parsed.GetValue(before)!;
                OptionFaults faults = new();
                IReadOnlyList<(string Name, string? File)> wanted = faults.Of(() => formats.Read(parsed)) ?? [];
                faults.Of(() => options.Read(parsed, first));
                faults.Throw();
                string[] libraries = parsed.GetValue(runtimes) ?? [];
                if (parsed.GetValue(after) is not { Length: > 0 } second)
                    return KernelComparison.Run(context, parsed, options, first, libraries, wanted.Any(w => w.Name == "json"), parsed.GetValue(fail), cancellation);
                if (libraries.Length > 0)
                    throw new SerenityException(SerenityCodes.BadOption, first, "--runtime compares one model in two versions of ONNX Runtime, and two models were named. Leave one of them out.");
                if (!File.Exists(context.PathOf(first)) || !File.Exists(context.PathOf(second)))
                {
                    if (ModelPaths.StandsForSeveral(context, first) || ModelPaths.StandsForSeveral(context, second))
                        return CompareMany(context, options, parsed, first, second, wanted, parsed.GetValue(fail), cancellation);
                }
                ManifestSource source = new(context, options);
                MemoryManifest a = source.Get(parsed, first, null, cancellation), b = source.Get(parsed, second, null, cancellation);
                long grown = b.Peak.RequiredBytes - a.Peak.RequiredBytes;
                BudgetVerdict verdict = !parsed.GetValue(fail) ? BudgetVerdict.None : grown > 0 ? BudgetVerdict.Fail : BudgetVerdict.Pass;
                Comparison pair = new(second, a, b, verdict == BudgetVerdict.Fail ? Growth(a, b, first, second, grown) : null);
                FormatSwitch.Write(context, wanted, new ResultSet([pair.Result], context.Folder), name =>
                {
                    if (name == "json")
                        JsonText.Write(context.Console.Output, new { Before = Outcome.Of(a, first), After = Outcome.Of(b, second), DifferenceBytes = grown, Verdict = verdict });
                    else
                        Show(context.Console, a, b, first, second, Made(context, a, b, first, second));
                });
                if (verdict != BudgetVerdict.Fail)
                    return ExitCodes.Ok;
                context.Console.Hint(Growth(a, b, first, second, grown));
                return ExitCodes.No;
            },
            CancellationToken.None));
        return command;
    }

    private static int CompareMany(
        ToolContext context, ModelSwitches options, ParseResult parsed, string first, string second, IReadOnlyList<(string Name, string? File)> wanted, bool fail, CancellationToken cancellation)
    {
        // One that is at fault hides none of the others; it is neither new nor gone, whatever the other side has of it.
        List<ModelResult> results = [];
        Dictionary<string, MemoryManifest> was = Manifests(context, options, parsed, first, results, cancellation), now = Manifests(context, options, parsed, second, results, cancellation);
        HashSet<string> faulty = new(results.Select(r => ModelArgument.BaseName(r.Model)), StringComparer.Ordinal);
        foreach ((string? Before, string? After) pair in SourceNames.Pair(was.Keys, now.Keys))
        {
            string name = SourceNames.Of(pair);
            if (pair is not ({ }, { }) && faulty.Contains(ModelArgument.BaseName(name)))
                continue;
            (MemoryManifest? a, MemoryManifest? b) = (pair.Before is { } before ? was[before] : null, pair.After is { } after ? now[after] : null);
            long grown = a is null || b is null ? 0 : b.Peak.RequiredBytes - a.Peak.RequiredBytes;
            results.Add(new Comparison(name, a, b, fail && grown > 0 ? Growth(a!, b!, "before", name, grown) : null).Result);
        }
        ResultSet set = new(results, context.Folder);
        FormatSwitch.Write(context, wanted, set);
        if (!FormatSwitch.TellsMessages(wanted))
        {
            foreach (ModelResult result in results)
            {
                foreach (SerenityDiagnostic diagnostic in result.Diagnostics)
                    context.Console.Hint(result.Figures is null ? $"{ModelText.Clean(result.Model)}: {diagnostic.Message}" : diagnostic.Message);
            }
        }
        return set.ExitCode;
    }

    // By the names of the sources: what the files are called differs from build to build.
    private static Dictionary<string, MemoryManifest> Manifests(
        ToolContext context, ModelSwitches options, ParseResult parsed, string given, List<ModelResult> faulty, CancellationToken cancellation)
    {
        List<(string File, MemoryManifest Manifest)> read = [];
        IReadOnlyList<ModelResult> results = new ModelResults(context, options, Limits.None).Of(
            parsed, ModelPaths.Expand(context, [given]), cancellation, (file, manifest) => read.Add((file, manifest)));
        faulty.AddRange(results.Where(r => r.Figures is null).Select(r => r with { Compared = ComparedAs.Both }));
        // Models of one source, or of several projects that name theirs alike, are told apart by where they lie in what was given.
        int pattern = given.AsSpan().IndexOfAny('*', '?');
        string folder = Directory.Exists(context.PathOf(given)) ? context.PathOf(given) : Path.GetDirectoryName(context.PathOf((pattern < 0 ? given : given[..pattern]) + "x"))!;
        Dictionary<string, MemoryManifest> manifests = new(StringComparer.Ordinal);
        foreach (var named in read.GroupBy(r => r.Manifest.Source.Path, StringComparer.Ordinal))
        {
            bool only = named.Count() == 1;
            foreach ((string file, MemoryManifest manifest) in named)
                manifests[only ? named.Key : $"{named.Key} ({Path.GetRelativePath(folder, context.PathOf(file)).Replace('\\', '/')})"] = manifest;
        }
        return manifests;
    }

    // Standard error says why the exit code is what it is, also where standard output goes to a file.
    private static string Growth(MemoryManifest a, MemoryManifest b, string first, string second, long grown)
    {
        string Parts(PeakFacts peak) => peak.WorkspaceBytes is > 0 and long workspace
            ? FormattableString.Invariant($"{peak.RequiredBytes} bytes ({peak.Bytes} for tensors, {workspace} for kernels' workspace)")
            : ByteSize.Format(peak.Bytes);
        return $"{ModelText.Clean(second)} needs {ByteSize.Format(grown)} more than {ModelText.Clean(first)}: {Parts(b.Peak)}, up from {Parts(a.Peak)}.";
    }

    /// <summary>The manifest of the one that was made from the other, which is a source; null where neither is.</summary>
    private static MemoryManifest? Made(ToolContext context, MemoryManifest a, MemoryManifest b, string first, string second)
    {
        bool IsWritten(string given) => ModelArgument.IsManifest(given) || OwnOutputs.ManifestBeside(context.PathOf(given)) is not null;
        return a.Source.Sha256 != b.Source.Sha256 || IsWritten(first) == IsWritten(second) ? null : IsWritten(second) ? b : a;
    }

    private static void Show(ToolConsole console, MemoryManifest a, MemoryManifest b, string first, string second, MemoryManifest? fromSource)
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
        Row("nodes", a.Program.Steps.Count, b.Program.Steps.Count);
        Row("tensors", a.Program.Listed().Count(), b.Program.Listed().Count());
        Row("rewrites", a.Rewrites.Count, b.Rewrites.Count);
        console.Write(table);
        // One was made from the other.
        if (fromSource is { } made)
        {
            console.Line();
            console.Line(
                $"One was made from the other. As the source is executed today, without a plan, it needs {ByteSize.Format(made.Peak.OriginalBytes)}; as it was written, {ByteSize.Format(made.Peak.Bytes)}{Change(made.Peak.OriginalBytes, made.Peak.Bytes)}.");
        }
        // A model that was written by a plan has nothing left to gain from one.
        else if (a.Peak.Bytes == b.Peak.Bytes && a.Peak.OriginalBytes != b.Peak.OriginalBytes)
        {
            console.Line();
            console.Line($"Both are planned before they are compared, and the plans need the same. As the files are executed today, without a plan, before needs {ByteSize.Format(a.Peak.OriginalBytes)} and after {ByteSize.Format(b.Peak.OriginalBytes)}{Change(a.Peak.OriginalBytes, b.Peak.OriginalBytes)}.");
        }
        AtThePeak(console, a, b);
    }

    private static string Change(long was, long now) => ChangeText.Percent(was, now, "") is { Length: > 0 } percent ? $" ({percent})" : "";

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
