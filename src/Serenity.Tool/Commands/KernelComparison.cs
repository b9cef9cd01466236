using System.CommandLine;
using System.Globalization;
using Serenity.Build.Items;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>compare</c> of one model in two native versions of ONNX Runtime, or on two architectures: what a run takes in each, and which kernels make the difference.</summary>
internal static class KernelComparison
{
    /// <summary>Rows of kernels that are shown.</summary>
    private const int MostRows = 20;

    /// <summary>One side.</summary>
    /// <param name="Runtime">Version of ONNX Runtime.</param>
    /// <param name="Architecture">Architecture of the processor.</param>
    /// <param name="PeakBytes">Bytes of tensors.</param>
    /// <param name="WorkspaceBytes">Bytes of kernels' workspace on top.</param>
    internal sealed record Side(string Runtime, string Architecture, long PeakBytes, long WorkspaceBytes)
    {
        /// <summary>What a budget is held against.</summary>
        public long RequiredBytes => PeakBytes + WorkspaceBytes;

        public override string ToString() => $"ONNX Runtime {Runtime} on {Architecture}";
    }

    /// <summary>A kernel that takes other amounts.</summary>
    internal sealed record KernelRow(string Node, string Operator, long? BeforeBytes, long? AfterBytes);

    /// <summary>Compares.</summary>
    /// <param name="context">The console.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Options of the model; two targets name two architectures.</param>
    /// <param name="given">The model as the user named it.</param>
    /// <param name="libraries">Native libraries: none for that of this program on two architectures, one to be held against it, or two.</param>
    /// <param name="json">Write JSON.</param>
    /// <param name="fail">Exit with 1 where the second needs more.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="SerenityException">SER1101: there are not two sides; or the model cannot be planned.</exception>
    public static int Run(
        ToolContext context, ParseResult parsed, ModelSwitches options, string given, IReadOnlyList<string> libraries, bool json, bool fail, CancellationToken cancellation)
    {
        OptimizeRequest request = options.Read(parsed, given).Request(context.PathOf(given)) with { Layouts = [], OutputName = "model.onnx" };
        if (libraries.Count == 0 && request.Targets.Count != 2)
        {
            throw new SerenityException(
                SerenityCodes.BadOption, given, "There is nothing to compare with. Name a second model or manifest, a native ONNX Runtime with --runtime, or two architectures: --target x64 --target arm64.");
        }
        if (libraries.Count > 2)
            throw new SerenityException(SerenityCodes.BadOption, given, "Two versions are compared, and --runtime names more than two.");
        string?[] wanted = libraries.Count switch { 0 => [request.VerifyWith], 1 => [null, libraries[0]], _ => [.. libraries] };
        OptimizationFacts[] facts = [.. wanted.Select(library => Plan(context, request, given, library, cancellation))];
        KernelFacts first = KernelsOf(facts[0], given, 0), second = libraries.Count == 0 ? KernelsOf(facts[0], given, 1) : KernelsOf(facts[1], given, 0);
        OptimizationFacts after = facts[^1];
        (Side a, Side b) = (SideOf(facts[0], first), SideOf(after, second));
        KernelRow[] rows = [.. Rows(facts[0], first, after, second)];
        if (json)
            JsonText.Write(
                context.Console.Output,
                new { Before = a, After = b, DifferenceBytes = b.RequiredBytes - a.RequiredBytes, SameOrder = facts[0].Schedule.SequenceEqual(after.Schedule), Kernels = rows });
        else
            Show(context.Console, a, b, facts[0].Schedule.SequenceEqual(after.Schedule), rows);
        if (!fail || b.RequiredBytes <= a.RequiredBytes)
            return ExitCodes.Ok;
        context.Console.Hint($"{b} needs {ByteSize.Format(b.RequiredBytes - a.RequiredBytes)} more than {a}.");
        return ExitCodes.No;
    }

    private static OptimizationFacts Plan(ToolContext context, OptimizeRequest request, string given, string? library, CancellationToken cancellation)
    {
        RuntimeFiles? runtime = AppRuntime.Find(library, AppRuntime.None, "", context.Folder, given);
        return context.Console.Work(given, progress => context.Engines.Apart(request with { VerifyWith = library, Runtime = runtime, Progress = progress }, cancellation)).Facts;
    }

    private static KernelFacts KernelsOf(OptimizationFacts facts, string given, int index) => index < facts.Kernels.Count ? facts.Kernels[index] : throw new SerenityException(
        SerenityCodes.BadOption, given, "What kernels take was not measured, so there is nothing to compare: the model must be verified, and run by ONNX Runtime (executor OnnxRuntime).");

    private static Side SideOf(OptimizationFacts facts, KernelFacts kernels)
    {
        MemoryAccount account = facts.Plans.First(p => p.Layout == PlanLayout.Portable && p.Architecture == kernels.Architecture).Account;
        return new Side(kernels.RuntimeVersion, kernels.Architecture, facts.Peak.Bytes, account.Find(MemoryPool.Workspace)?.Bytes ?? 0);
    }

    /// <summary>Kernels that take other amounts, the largest difference first; a node that one of the plans does not have has no figure there.</summary>
    private static IEnumerable<KernelRow> Rows(OptimizationFacts a, KernelFacts first, OptimizationFacts b, KernelFacts second)
    {
        Dictionary<string, (string Operator, long Bytes)> was = ByNode(a, first), now = ByNode(b, second);
        return was.Keys.Union(now.Keys).Select(node => new KernelRow(
                node, was.TryGetValue(node, out (string Operator, long Bytes) before) ? before.Operator : now[node].Operator,
                was.TryGetValue(node, out before) ? before.Bytes : null, now.TryGetValue(node, out (string Operator, long Bytes) after) ? after.Bytes : null))
            .Where(row => (row.BeforeBytes ?? 0) != (row.AfterBytes ?? 0))
            .OrderByDescending(row => Math.Abs((row.AfterBytes ?? 0) - (row.BeforeBytes ?? 0))).ThenBy(row => row.Node, StringComparer.Ordinal);
    }

    private static Dictionary<string, (string Operator, long Bytes)> ByNode(OptimizationFacts facts, KernelFacts kernels)
    {
        Dictionary<string, (string, long)> nodes = new(StringComparer.Ordinal);
        for (int i = 0; i < facts.Program.Steps.Count; i++)
            nodes[facts.Program.Steps[i].Node] = (facts.Program.Steps[i].OperatorType, kernels.ScratchBytes[i]);
        return nodes;
    }

    private static void Show(ToolConsole console, Side a, Side b, bool sameOrder, KernelRow[] rows)
    {
        console.Line($"before: {a}");
        console.Line($"after:  {b}");
        TextTable table = new("figure", ">before", ">after", ">difference", ">change");
        void Row(string figure, long was, long now) => table.Add(figure, Number(was), Number(now), Difference(was, now), ChangeText.Percent(was, now, "-"));
        Row("peak bytes", a.PeakBytes, b.PeakBytes);
        Row("workspace bytes", a.WorkspaceBytes, b.WorkspaceBytes);
        Row("required bytes", a.RequiredBytes, b.RequiredBytes);
        console.Write(table);
        console.Line();
        if (!sameOrder)
            console.Line("The plans are not the same: rules that one of the versions does not keep are left out there.");
        if (rows.Length == 0)
        {
            console.Line("Every kernel takes the same.");
            return;
        }
        TextTable kernels = new("kernel's own bytes", "operator", ">before", ">after", ">difference");
        foreach (KernelRow row in rows.Take(MostRows))
        {
            kernels.Add(
                ModelText.Clean(row.Node, 60), row.Operator, row.BeforeBytes is { } was ? Number(was) : "-", row.AfterBytes is { } now ? Number(now) : "-",
                Difference(row.BeforeBytes ?? 0, row.AfterBytes ?? 0));
        }
        console.Write(kernels);
        if (rows.Length > MostRows)
            console.Line($"and {rows.Length - MostRows} more");
    }

    private static string Difference(long was, long now) => (now > was ? "+" : "") + Number(now - was);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
