using System.Globalization;
using System.Text.RegularExpressions;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.OnnxRuntime;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>
/// The check of formulas over a range is checked: the formulas of sizes and the lives of buffers that the peak's formulas are made of are changed on purpose, one thing at a time. A change is harmless
/// exactly if the formula of the peak has the same value as before at every size of the range, at each of which that is what ONNX Runtime allocates; every other one has to be found.
/// </summary>
[TestClass]
public sealed partial class RangeMutationTests
{
    private const int Each = 32;

    private static readonly (string What, Func<OnnxRuntimeExecutorPlan, TestRandom, OnnxRuntimeExecutorPlan?> Change)[] _changes =
    [
        ("a number by one", (of, random) => Sized(of, random, d =>
            Changed(d, Number(), random, n => (long.Parse(n, CultureInfo.InvariantCulture) + (random.Chance(0.5) ? 1 : -1)).ToString(CultureInfo.InvariantCulture)))),
        ("one more", (of, random) => Sized(of, random, d => $"{d} + 1")),
        ("one less", (of, random) => Sized(of, random, d => $"{d} - 1")),
        ("a term left out", (of, random) => Sized(of, random, d => Changed(d, Term(), random, _ => ""))),
        ("another dimension", (of, random) => Sized(of, random, d => random.Pick([.. of.Shapes.Formulas!.Space.Ranges.Keys]))),
        ("a size that stays", (of, random) => Sized(of, random, d =>
            SizeExpression.Parse(d).Evaluate(random.Chance(0.5) ? of.Shapes.Formulas!.Space.Most : of.Shapes.Formulas!.Space.Least).ToString(CultureInfo.InvariantCulture))),
        ("a multiple", (of, random) => Sized(of, random, d => $"{d} + {d}")),
        ("a half", (of, random) => Sized(of, random, d => $"floor(({d})/2)")),
        ("in pairs", (of, random) => Sized(of, random, d => $"2*floor(({d} + 1)/2)")),
        ("a buffer longer", (of, random) => Buffered(of, random, b => b.LastStep + 1 < of.Plan.Allocations.Profile.Length ? b with { LastStep = b.LastStep + 1 } : null)),
        ("a buffer shorter", (of, random) => Buffered(of, random, b => b.LastStep > b.FirstStep ? b with { LastStep = b.LastStep - 1 } : null)),
        ("a buffer later", (of, random) => Buffered(of, random, b => b.LastStep > b.FirstStep ? b with { FirstStep = b.FirstStep + 1 } : null)),
        ("a buffer for another value", (of, random) => Buffered(of, random, b => b with { Owner = random.Pick(of.Plan.Allocations.Buffers).Owner })),
        ("a buffer of one size", (of, random) => Buffered(of, random, b => b with { Owner = -1 })),
        ("a buffer left out", (of, random) => Buffered(of, random, b => b with { Owner = -1, Bytes = 0 })),
        ("four bytes more at a step", (of, random) =>
            random.Next(of.Plan.Allocations.Inner.Length) is var step ? With(of, a => a with { Inner = [.. a.Inner.Select((b, i) => i == step ? b + 4 : b)] }) : null),
    ];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Every_change_that_gives_another_peak_at_some_size_is_found()
    {
        TestRandom random = new(23);
        List<Case> cases = [.. Cases()];
        List<string> told = [];
        foreach ((string what, Func<OnnxRuntimeExecutorPlan, TestRandom, OnnxRuntimeExecutorPlan?> change) in _changes)
        {
            int found = 0, tries = 0;
            for (; found < Each && tries < 200 * Each; tries++)
            {
                Case of = cases[random.Next(cases.Count)];
                if (change(of.Plan, random) is not { } changed || of.Difference(changed) is not { } difference)
                    continue;
                string name = $"change {tries} of {of.Name}, {what}";
                SerenityException fault = Assert.ThrowsExactly<SerenityException>(() => of.Verify(changed), $"{name}: {difference}");
                Assert.AreEqual(SerenityCodes.MemoryDiffers, fault.Code, name);
                found++;
            }
            Assert.AreEqual(Each, found, $"{what} does harm often");
            told.Add($"{what} {tries}");
        }
        TestContext.WriteLine($"Changes for {Each} that do harm: {string.Join(", ", told)}");
    }

    /// <summary>Each change lets another set of sizes through than the range, as Clip is defined over all sizes from zero on.</summary>
    [TestMethod]
    public void Every_guard_that_takes_or_refuses_another_size_is_found()
    {
        int found = 0;
        foreach (int opset in (int[])[13, 17])
        {
            foreach ((long from, long to) in (IEnumerable<(long, long)>)[(0, 0), (0, 9), (1, 1), (1, 2), (2, 64), (3, 5)])
            {
                OnnxModelBuilder b = new("guarded");
                b.Output(b.Node("Exp", [b.SymbolicInput("x", TensorProto.Types.DataType.Float, 3, "n", "m")]), TensorProto.Types.DataType.Float, null);
                ModelProto source = b.Build(), good = source.Clone();
                good.OpsetImport[0].Version = source.OpsetImport[0].Version = opset;
                Dictionary<string, SizeRange> ranges = new() { ["n"] = new SizeRange(from, to), ["m"] = new SizeRange(4, 7) };
                RangeGuard.Add(good, ranges);
                RangeGuardProof.Hold(good, source, ranges, null);
                foreach (string role in (string[])["from", "to"])
                {
                    for (int by = -4; by <= 4; by++)
                    {
                        (long least, long most) = role == "from" ? (from + by, to) : (from, to + by);
                        // As Clip is defined, where the bounds cross too.
                        if (Enumerable.Range(0, (int)to + 9).Any(size => (Math.Min(Math.Max(size, least), most) == size) != ranges["n"].Contains(size)))
                            Found($"{role} {by}", m => SetNumber(m, role, n => n + by));
                    }
                }
                Found("a longer list", m => SetNumber(m, "only", null));
                Found("no guard", m => m.Graph.Node.Remove(m.Graph.Node.Single(n => RangeGuard.Is(n) && n.Name.StartsWith("range_n_", StringComparison.Ordinal))));
                Found("not squared", m => m.Graph.Node.Single(n => n.OpType == "Mul" && n.Name.StartsWith("range_n_", StringComparison.Ordinal)).Input[0] = "range_m_4_to_7_away");
                Found("another axis", m =>
                {
                    if (opset < 15)
                        SetNumber(m, "axis", n => n + 1);
                    else
                        Array.ForEach<AttributeProto>([.. m.Graph.Node.Single(n => n.OpType == "Shape" && n.Name.StartsWith("range_n_", StringComparison.Ordinal)).Attribute], a => a.I++);
                });

                void Found(string what, Action<ModelProto> change)
                {
                    ModelProto changed = good.Clone();
                    change(changed);
                    SerenityException fault = Assert.ThrowsExactly<SerenityException>(() => RangeGuardProof.Hold(changed, source, ranges, null), $"{what} of {from} to {to}, opset {opset}");
                    Assert.AreEqual(SerenityCodes.OutputsDiffer, fault.Code);
                    found++;
                }
            }
        }
        TestContext.WriteLine($"{found} found");
        Assert.IsGreaterThan(180, found);

        static void SetNumber(ModelProto model, string role, Func<long, long>? change)
        {
            TensorProto number = model.Graph.Initializer.Single(i => i.Name.StartsWith("range_n_", StringComparison.Ordinal) && i.Name.EndsWith($"_{role}", StringComparison.Ordinal));
            long[] values = change is null ? [0, 0] : [change(BitConverter.ToInt64(number.RawData.Span))];
            if (change is null)
                number.Dims[0] = values.Length;
            number.RawData = Google.Protobuf.ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(values));
        }
    }

    private static IEnumerable<Case> Cases()
    {
        yield return Case.Of("decoder", OpenModels.DecoderStep(1, 16, 2), "batch=1;seq=1;past=0..16");
        yield return Case.Of("prompt", OpenModels.DecoderStep(1, 16, 2), "batch=1;seq=1..6;past=0..5");
        yield return Case.Of("reader", OpenModels.LineReader(), "width=8..32");
        for (ulong seed = 0; seed < 9; seed++)
        {
            (ModelProto model, IReadOnlyDictionary<string, int> largest) = RandomOpenModel.Create(3 * seed);
            if (largest.Values.Aggregate(1, (a, b) => a * b) <= 45)
                yield return Case.Of($"random {seed}", model, string.Join(';', largest.Select(d => $"{d.Key}={(d.Key == "height" ? 2 : 1)}..{d.Value}")));
        }
    }

    /// <summary>The plan with the formula of one size of one value changed, as text.</summary>
    private static OnnxRuntimeExecutorPlan? Sized(OnnxRuntimeExecutorPlan of, TestRandom random, Func<string, string?> change)
    {
        SizeFormulas formulas = of.Shapes.Formulas!;
        (string Value, int Axis)[] all = [.. formulas.Dims.OrderBy(d => d.Key, StringComparer.Ordinal).SelectMany(d => d.Value.Select((_, axis) => (d.Key, axis)))];
        for (int tries = 0; tries < all.Length; tries++)
        {
            (string value, int axis) = random.Pick(all);
            if (change(formulas.Dims[value][axis].ToString()) is not { } text)
                continue;
            SizeExpression[] dims = [.. formulas.Dims[value]];
            dims[axis] = SizeExpression.Parse(text);
            Dictionary<string, SizeExpression[]> changed = new(formulas.Dims, StringComparer.Ordinal) { [value] = dims };
            return Anew(of, of.Plan, of.Shapes with { Formulas = formulas with { Dims = changed } });
        }
        return null;
    }

    private static OnnxRuntimeExecutorPlan? Buffered(OnnxRuntimeExecutorPlan of, TestRandom random, Func<PlannedBuffer, PlannedBuffer?> change)
    {
        int at = random.Next(of.Plan.Allocations.Buffers.Length);
        return change(of.Plan.Allocations.Buffers[at]) is { } changed ? With(of, a => a with { Buffers = [.. a.Buffers.Select((b, i) => i == at ? changed : b)] }) : null;
    }

    private static OnnxRuntimeExecutorPlan With(OnnxRuntimeExecutorPlan of, Func<AllocationPlan, AllocationPlan> change) =>
        Anew(of, of.Plan with { Allocations = change(of.Plan.Allocations) }, of.Shapes);

    /// <summary>A plan that has computed nothing yet.</summary>
    private static OnnxRuntimeExecutorPlan Anew(OnnxRuntimeExecutorPlan of, OnnxRuntimePlan plan, ShapeTable shapes) =>
        new() { Start = of.Start, Reference = of.Reference, Shapes = shapes, Rewrites = of.Rewrites, Work = of.Work, Plan = plan };

    /// <summary>A text with one of what matches changed; null if nothing does.</summary>
    private static string? Changed(string text, Regex what, TestRandom random, Func<string, string> by)
    {
        int some = what.Count(text);
        if (some == 0)
            return null;
        (int which, int at) = (random.Next(some), 0);
        return what.Replace(text, m => at++ == which ? by(m.Value) : m.Value);
    }

    [GeneratedRegex("(?<![A-Za-z_0-9])[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex(" [+-] [A-Za-z_0-9*^]+")]
    private static partial Regex Term();

    /// <summary>A model with its plan, and what runs of it take at each size: that a formula is another changes no run.</summary>
    private sealed class Case(string name, PlanningTask task, OnnxRuntimeExecutorPlan plan, IExecutorPlanner planner)
    {
        private readonly Dictionary<string, VerificationOutcome> _seen = new(StringComparer.Ordinal);
        private readonly Dictionary<long[], long> _peaks = [];
        private VerificationRequest? _asked;

        public string Name => name;

        public OnnxRuntimeExecutorPlan Plan => plan;

        private SizeSpace Space => plan.Shapes.Formulas!.Space;

        public static Case Of(string name, ModelProto model, string dimensions)
        {
            using TempFolder folder = new();
            string path = folder.File("model.onnx", ModelFile.ToBytes(model));
            OptimizeRequest request = RangeTruth.Request(path, dimensions);
            PlanningTask task = new(request, SourceModel.Prepare(ModelFile.Load(path), request, default), _ => { }, default);
            IExecutorPlanner planner = ExecutorPlanners.For(task);
            Case made = new(name, task, (OnnxRuntimeExecutorPlan)planner.Search(RewriteLevel.All), planner);
            // At every size, what is allocated is what the formula says.
            RangeFacts facts = made.Verify(made.Plan);
            foreach (long[] sizes in made.Space.All())
            {
                Dictionary<string, long> named = made.Space.Ranges.Keys.Zip(sizes).ToDictionary(s => s.First, s => s.Second, StringComparer.Ordinal);
                made._peaks[sizes] = facts.PeakBytes(named);
                if (made.Run(made._asked! with { Sizes = named, Shapes = task.Source.Shapes.Main.At(named), PredictedBytes = null }).Facts is { Status: not "skipped" } seen)
                    Assert.AreEqual(made._peaks[sizes], seen.MeasuredBytes, $"{name} at {string.Join(", ", sizes)}");
            }
            return made;
        }

        /// <summary>Sizes at which the peak by the formulas is another than that of a run; null if there are none.</summary>
        public string? Difference(OnnxRuntimeExecutorPlan changed)
        {
            IReadOnlyList<SizeExpression> steps = changed.StepFormulas!;
            foreach ((long[] sizes, long peak) in _peaks)
            {
                Dictionary<string, long> named = Space.Ranges.Keys.Zip(sizes).ToDictionary(s => s.First, s => s.Second, StringComparer.Ordinal);
                if (steps.Max(s => s.Evaluate(named)) is var other && other != peak)
                    return $"{other} in place of {peak} at {string.Join(", ", named)}";
            }
            return null;
        }

        /// <summary>Holds a plan to its formulas as a build does.</summary>
        public RangeFacts Verify(OnnxRuntimeExecutorPlan changed)
        {
            PlanVerification verification = new(task, planner, new WrittenForm(ModelFormat.Onnx, task.Source), (request, _) => Run(request));
            verification.Verify(changed, null);
            return verification.Range!;
        }

        private VerificationOutcome Run(VerificationRequest request)
        {
            _asked ??= request;
            string key = request.Sizes is null ? "" : string.Join(';', request.Sizes.OrderBy(s => s.Key, StringComparer.Ordinal));
            if (!_seen.TryGetValue(key, out VerificationOutcome? seen))
            {
                _seen[key] = seen = ModelVerifier.Verify(
                    _asked with { Shapes = request.Shapes, Sizes = request.Sizes, PredictedBytes = null, LeastBytes = null, PlaceRun = null, Ahead = null, MeasuresPlain = false, MostCases = 1 });
            }
            // The real one says so of another figure than it measures.
            if (request.PredictedBytes is { } predicted && seen.Facts.MeasuredBytes is { } measured && measured != predicted)
                throw new SerenityException(SerenityCodes.MemoryDiffers, request.File, $"{measured} bytes where {predicted} were planned.");
            return seen;
        }
    }
}
