using System.Globalization;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Terminal;

/// <summary>The figures of a manifest in a terminal: what it was, what it is, what no order can beat, and the verdict.</summary>
internal static class SummaryLines
{
    /// <summary>Writes them.</summary>
    public static void Write(ToolConsole console, MemoryManifest manifest, string name)
    {
        PeakFacts peak = manifest.Peak;
        console.Heading($"{ModelText.Clean(name)} on {manifest.Executor}");
        TextTable table = new("figure", ">size", ">bytes", "note");
        void Row(string figure, long bytes, string note) =>
            table.Add(figure, ByteSize.Rounded(bytes), bytes.ToString(CultureInfo.InvariantCulture), note);

        Row("source model, as run today", peak.OriginalBytes, "");
        Row((manifest.Executor.Traits().HasOffsets ? "arena size" : "peak, optimized") + (peak.AtMost ? ", at most" : ""), peak.Bytes, ChangeText.Percent(peak.OriginalBytes, peak.Bytes, "-"));
        if (peak.LiveBytes != peak.Bytes)
            Row("live peak of this order", peak.LiveBytes, "");
        Row("least live peak of any", peak.LowerBoundBytes, peak.Optimal ? "reached: proven optimal" : peak.IsOrderProven() ? "reached by the order" : "not proven reached");
        if (peak.WorkspaceBytes is long workspace)
            Row("kernels' workspace", workspace, $"{TargetText.Basis(manifest)}, counts against the budget");
        if (manifest.OtherPrecision is { } other)
            Row(other.Precision == Precision.Source ? "peak in the source's float16" : "peak in float32", other.PeakBytes, $"weights {ByteSize.Rounded(other.WeightBytes)}");
        Row("weights", manifest.Weights.Bytes, manifest.Budget.WeightBytes is long limit ? $"budget {ByteSize.Rounded(limit)}" : "");
        if (manifest.Range is { } range && CacheTable.Of(manifest.Program, range) is { Count: > 0 } caches)
        {
            string formula = CacheTable.BytesPerToken(caches).ToString(), note = $"{Counted.Of(caches.Count, "cache")} along {ModelText.Clean(caches[0].Dimension)}; twice while a step runs";
            if (CacheTable.BytesPerToken(caches).Constant is { } each)
                Row("caches, each token", each, note);
            else
                table.Add("caches, each token", "", ModelText.Clean(formula), note);
        }
        if (SharedOutputs.Of(manifest.Executor, manifest.Program) is { Count: > 0 } shared)
            Row("outputs in buffers of inputs", shared.Sum(pair => pair.Output.Bytes), $"{shared.Count}, bound by the app; in no figure");
        if (manifest.Range?.OneSize is { } one)
            Row("for one size alone", one.Bytes, $"there is no '{ModelText.Clean(one.Value)}' then, which {ModelText.Clean(one.Node)} ({ModelText.Clean(one.Operator)}) makes");
        if (peak.Runs > 1)
            Row(string.Create(CultureInfo.InvariantCulture, $"{peak.Runs} runs at a time"), peak.RequiredBytes, "peak and workspace of each");
        if (peak.ProcessBytes is long process)
            Row("of the process, about", process, manifest.Budget.ProcessBytes is long most ? $"budget {ByteSize.Rounded(most)}" : "library, session and weights included");
        foreach (UsedMemory used in manifest.Memories?.Memories ?? [])
        {
            long left = used.Bytes - used.UsedBytes;
            Row("in memory " + ModelText.Clean(used.Name), used.UsedBytes, string.Create(CultureInfo.InvariantCulture,
                $"of {ByteSize.Rounded(used.Bytes)}, {(left >= 0 ? $"{ByteSize.Rounded(left)} left" : $"{ByteSize.Rounded(-left)} too little")}; an access costs {used.Cost:0.###}"));
        }
        if (manifest.Budget.MemoryBytes is long budget)
        {
            long rest = budget - peak.RequiredBytes;
            string device = manifest.Budget.Device is { } from ? $" ({ModelText.Clean(from)})" : "";
            Row("memory budget" + device, budget, rest >= 0 ? $"{ByteSize.Rounded(rest)} left" : $"{ByteSize.Rounded(-rest)} too little");
        }
        console.Write(table);
        if (manifest.Memories is { } memories)
        {
            string proof = memories.Optimal ? "no plan of this order costs less" : memories.Fits
                ? $"at most {100 * (memories.Cost - memories.LowerBoundCost) / Math.Max(memories.LowerBoundCost, 1):0.##} % above the least" : "does not fit";
            int moves = manifest.Program.Buffers.Count(b => b is { Move: not null, SharesWith: null, Parts: null });
            console.Line(string.Create(CultureInfo.InvariantCulture, $"accesses cost {memories.Cost:#,0.###} a run, {proof}; {(moves == 1 ? "1 tensor moves" : $"{moves} tensors move")}"));
        }
        string nodes = $"{Counted.Of(manifest.Program.Steps.Count, "node")}, {Counted.Of(manifest.Program.Listed().Count(), "tensor")}, {Counted.Of(manifest.Rewrites.Count, "rewrite")}";
        if (manifest.Work.Ratio > OptimizeRequest.FreeWork)
            nodes += string.Create(CultureInfo.InvariantCulture, $" for {manifest.Work.Ratio:0.##} times the predicted time");
        console.Line(nodes + (manifest.Verification is { } facts ? $"; verification {facts.Status}" : "; not verified"));
    }
}
