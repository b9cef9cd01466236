using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>
/// Holds the file written for a range of sizes to its formula by running it: what ONNX Runtime allocates at each of some sizes, the order in which it executes, and the outputs
/// beside those of the source. Shapes of inputs come from their names in the file alone.
/// </summary>
internal static class RangeTruth
{
    /// <summary>What was seen at the sizes.</summary>
    /// <param name="Equal">Sizes at which as much was allocated as the formula says.</param>
    /// <param name="Below">Sizes at which it was less.</param>
    /// <param name="RequiredEqual">Sizes at which tensors and kernels' scratch together took what the formula of required bytes says.</param>
    public sealed record Outcome(OptimizationResult Result, int Equal, int Below, int RequiredEqual)
    {
        /// <summary>Allocations for which the block had no room, of the runs that made as many as it has places.</summary>
        public int Beyond { get; init; }

        /// <summary>The same of the runs that made another number: where tensors are empty, the calls behind them come early and are told by the numbers of others.</summary>
        public int BeyondOfFewer { get; init; }
    }

    /// <summary>True for the long versions of the tests.</summary>
    public static bool IsSweep => Environment.GetEnvironmentVariable("SERENITY_SWEEP") is not null;

    /// <summary>How many sizes of a model are run: a few, or what a sweep asks for.</summary>
    public static int SizesEach(int few) => IsSweep ? 60 : few;

    /// <summary>A row of the table in docs/ranges.md; of the plan for the largest sizes alone, where a sweep asks for it.</summary>
    public static string Row(string name, string path, string dimensions, Outcome outcome)
    {
        OptimizationResult result = outcome.Result;
        string beside = IsSweep ? string.Create(CultureInfo.InvariantCulture, $"{BesideOneSize(path, dimensions):0.000} | {BesideOneSize(path, dimensions, request => request):0.000}") : "- | -";
        string pieces = string.Join(", ", result.Rewrites.Where(r => r.Pieces is not null).Select(r => r.Pieces!.Count));
        return string.Create(CultureInfo.InvariantCulture,
            $"| {name} | `{dimensions}` | {outcome.Equal} of {outcome.Equal + outcome.Below} | {result.Peak.OriginalBytes:N0} | {result.Peak.Bytes:N0} | {(pieces.Length == 0 ? "-" : pieces)} | "
            + $"{beside} | {outcome.Beyond} + {outcome.BeyondOfFewer} |");
    }

    /// <summary>Optimizes a model and runs it.</summary>
    /// <param name="path">The model.</param>
    /// <param name="dimensions">Sizes and ranges, as the item writes them.</param>
    /// <param name="count">How many sizes; the corners first.</param>
    /// <param name="change">Further options.</param>
    /// <param name="kind">What the inputs are filled with.</param>
    public static Outcome Check(string path, string dimensions, int count, Func<OptimizeRequest, OptimizeRequest>? change = null, InputCase kind = InputCase.Ones)
    {
        OptimizeRequest request = Request(path, dimensions);
        OptimizationResult result = ModelOptimizer.Optimize(change?.Invoke(request) ?? request);
        Assert.IsFalse(result.Warnings.Any(w => w.Code == SerenityCodes.PassedThrough), string.Join('\n', result.Warnings.Select(w => w.Message)));
        RangeFacts range = result.Range!;
        SizeSpace space = new(range.Ranges);
        LoadedModel source = ModelFile.Load(path);
        string[] schedule = [.. result.Schedule];
        (int equal, int below, int requiredEqual, int beyond, int beyondOfFewer) = (0, 0, 0, 0, 0);
        foreach (IReadOnlyDictionary<string, long> sizes in RangeSamples.Of(space, range.Peaks, count, range.PeakAt).Take(count))
        {
            Dictionary<string, long> all = new(request.FreeDimensions, StringComparer.Ordinal);
            foreach ((string name, long size) in sizes)
                all[name] = size;
            foreach ((string name, string sum) in request.SizeFormulas)
                all[name] = sum.Split('+').Sum(symbol => all[symbol]);
            string text = string.Join(';', all.Select(s => $"{s.Key}={s.Value}"));
            ShapeTable inputs = Inputs(source.Model.Graph, all);
            using ModelSession written = ModelSession.Load(RunnableModel.Of(result.Model, source.ExternalFolder, path), observe: true);
            using ModelSession original = ModelSession.Load(
                RunnableModel.Of(source.Model, source.ExternalFolder, path), result.Verification?.Level == nameof(GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
                ? GraphOptimizationLevel.ORT_ENABLE_EXTENDED : GraphOptimizationLevel.ORT_DISABLE_ALL);
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> values = new SeededInputs(source.Model.Graph, original.Inputs, inputs).Create(kind);
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> expected = original.Run(values), actual = written.Run(values);
            for (int i = 0; i < expected.Count; i++)
                Assert.IsNull(OutputComparison.Compare(expected[i].Value, actual[i].Value, result.Rewrites.All(r => r.Exact)).Difference, $"{text} {expected[i].Key}");
            Observation seen = written.EndObservation(result.UnplannedBodies);
            string[] executed = [.. seen.ExecutedOrder.Where(schedule.Contains)];
            CollectionAssert.AreEqual(schedule.Where(executed.Contains).ToArray(), executed, text);
            if (result.Block is { } block && seen.Sequence is { } run)
            {
                int onHeap = OnHeap(run, block);
                if (run.Allocations.Count == block.Sizes.Count)
                    beyond += onHeap;
                else
                    beyondOfFewer += onHeap;
            }
            long formula = range.PeakBytes(sizes), measured = seen.Memory!.ActivationBytes!.Value;
            Assert.IsLessThanOrEqualTo(formula, measured, $"{text}: {measured} measured, {formula} by formula");
            Assert.IsLessThanOrEqualTo(result.Peak.Bytes, formula, text);
            if (measured == formula)
                equal++;
            else
                below++;
            if (range.RequiredBytes(sizes) is not { } required)
                continue;
            Assert.IsLessThanOrEqualTo(required, seen.Memory.PeakBytes, $"{text}: {seen.Memory.PeakBytes} measured with scratch, {required} required by formula");
            Assert.IsLessThanOrEqualTo(result.Peak.RequiredBytes, required, text);
            if (seen.Memory.PeakBytes == required)
                requiredEqual++;
        }
        Refuses(result, source, request, space);
        return new Outcome(result, equal, below, requiredEqual) { Beyond = beyond, BeyondOfFewer = beyondOfFewer };
    }

    /// <summary>
    /// What the largest peak over the range is, as a multiple of that of a plan for the largest sizes alone; both without rewrites, which may need one size.
    /// </summary>
    public static double BesideOneSize(string path, string dimensions, Func<OptimizeRequest, OptimizeRequest>? change = null)
    {
        OptimizeRequest request = Request(path, dimensions);
        request = change is null ? request with { Rewrite = RewriteLevel.None, Partition = false, Verify = false } : change(request) with { Verify = false };
        OptimizationResult ranged = ModelOptimizer.Optimize(request);
        Dictionary<string, long> sizes = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string name, long size) in ranged.Range!.PeakAt)
            sizes[name] = size;
        OptimizationResult one = ModelOptimizer.Optimize(request with { FreeDimensions = sizes, Ranges = OptimizeRequest.NoRanges });
        return ranged.Peak.Bytes / (double)Math.Max(1, one.Peak.Bytes);
    }

    /// <summary>
    /// How many of a run's allocations Serenity.Runtime takes from the heap: each is told by its number and gets its place where that holds it and nothing lies there; a run of other sizes takes
    /// the first free bytes else (docs/planned-memory.md).
    /// </summary>
    private static int OnHeap(RunSequence run, RunBlock block)
    {
        List<(long From, long To, int GivenBack)> live = [];
        int onHeap = 0;
        bool differs = false;
        for (int call = 0; call < run.Allocations.Count; call++)
        {
            RunAllocation asked = run.Allocations[call];
            live.RemoveAll(l => l.GivenBack < asked.Taken);
            differs |= call >= block.Sizes.Count || asked.Bytes != block.Sizes[call];
            long? at = call < block.Sizes.Count && asked.Bytes <= block.Sizes[call] && IsFree(block.Offsets[call]) ? block.Offsets[call]
                : differs ? live.Select(l => (l.To + 63) / 64 * 64).Prepend(0).Order().Where(IsFree).Cast<long?>().FirstOrDefault() : null;
            if (at is { } from)
                live.Add((from, from + asked.Bytes, asked.GivenBack));
            else
                onHeap++;

            bool IsFree(long offset) => offset + asked.Bytes <= block.Bytes && live.TrueForAll(l => l.To <= offset || l.From >= offset + asked.Bytes);
        }
        return onHeap;
    }

    /// <summary>A size above its range is refused by ONNX Runtime.</summary>
    private static void Refuses(OptimizationResult result, LoadedModel source, OptimizeRequest request, SizeSpace space)
    {
        // Before version 12 of the operator set there is nothing to look at a size with.
        if (OperatorDomain.OpsetOf(source.Model) < 12)
            return;
        string name = space.Ranges.Keys.First();
        Assert.IsTrue(result.Model.Graph.Node.Any(n => n.Name.StartsWith($"range_{name}_", StringComparison.Ordinal)),
            string.Join(' ', result.Model.Graph.Node.Where(n => n.OpType is "Shape" or "Gather" or "Clip").Select(n => n.Name)));
        Dictionary<string, long> sizes = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string dimension, long size) in space.Most)
            sizes[dimension] = dimension == name ? size + 1 : size;
        foreach ((string dimension, string sum) in request.SizeFormulas)
            sizes[dimension] = sum.Split('+').Sum(symbol => sizes[symbol]);
        using ModelSession written = ModelSession.Load(RunnableModel.Of(result.Model, source.ExternalFolder, source.Path));
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> values = new SeededInputs(source.Model.Graph, written.Inputs, Inputs(source.Model.Graph, sizes)).Create(InputCase.Ones);
        Assert.ThrowsExactly<SerenityException>(() => written.Run(values), $"{name}={sizes[name]}");
    }

    /// <summary>A request with sizes as the item writes them.</summary>
    public static OptimizeRequest Request(string path, string dimensions)
    {
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        Dictionary<string, SizeRange> ranges = new(StringComparer.Ordinal);
        Dictionary<string, string> formulas = new(StringComparer.Ordinal);
        foreach (string part in dimensions.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split('='), ends = sides[1].Split("..");
            if (ends.Length == 2)
                ranges[sides[0]] = new SizeRange(long.Parse(ends[0], CultureInfo.InvariantCulture), long.Parse(ends[1], CultureInfo.InvariantCulture));
            else if (!char.IsAsciiDigit(ends[0][0]))
                formulas[sides[0]] = ends[0];
            else
                sizes[sides[0]] = long.Parse(ends[0], CultureInfo.InvariantCulture);
        }
        return new OptimizeRequest { ModelPath = path, FreeDimensions = sizes, Ranges = ranges, SizeFormulas = formulas };
    }

    private static ShapeTable Inputs(GraphProto graph, Dictionary<string, long> sizes)
    {
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (input.Type.TensorType?.Shape is { } shape)
                types[input.Name] = new TensorType((TensorProto.Types.DataType)input.Type.TensorType.ElemType, [.. shape.Dim.Select((dim, axis) => Size(dim, $"{input.Name}:{axis}"))]);
        }
        return new ShapeTable(types, new HashSet<string>());

        long Size(TensorShapeProto.Types.Dimension dim, string place) => dim.HasDimValue && dim.DimValue >= 0 ? dim.DimValue
            : sizes.TryGetValue(place, out long size) ? size : dim.DimParam.Split('+').Sum(symbol => sizes[symbol.Trim()]);
    }
}
