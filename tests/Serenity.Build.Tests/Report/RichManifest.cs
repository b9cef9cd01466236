using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Results;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Tests.Report;

/// <summary>A made-up network with everything that a report can have to say: workspace, buffers held for reuse, pieces, ranges, pools, layouts, warnings.</summary>
internal static class RichManifest
{
    /// <summary>The manifest.</summary>
    /// <param name="budget">The memory budget; null for none.</param>
    public static MemoryManifest Create(long? budget)
    {
        MemoryManifest plain = SyntheticManifest.Create(60, Executor.OnnxRuntime);
        // The first activation's buffer is taken up by a later tensor, and held in between.
        TensorFacts first = plain.Tensors[2], again = plain.Tensors[30];
        List<TensorFacts> tensors = [.. plain.Tensors];
        tensors[30] = again with { AliasOf = first.Name, Bytes = first.Bytes, Type = first.Type };
        tensors[2] = first with { LastStep = again.LastStep };
        long[] profile = new long[plain.Schedule.Count];
        for (int step = 0; step < profile.Length; step++)
        {
            foreach (TensorFacts tensor in tensors.Where(t => t.Role != TensorRole.Input && t.AliasOf is null && t.FirstStep <= step && step <= t.LastStep))
                profile[step] += tensor.Bytes;
        }
        // What a kernel holds that is no tensor.
        profile[10] += 2048;
        int peak = Array.IndexOf(profile, profile.Max());
        const long Workspace = 40_000;
        MemoryAccount account = new(
        [
            new PoolAccount(MemoryPool.Activations, [new MemoryPart("live", profile[peak], FigureBasis.Planned)]),
            new PoolAccount(MemoryPool.Workspace, [new MemoryPart("kernels", Workspace, FigureBasis.Measured)]),
            new PoolAccount(MemoryPool.Inputs, [new MemoryPart("callers", 16_384, FigureBasis.Planned)]),
            new PoolAccount(MemoryPool.Weights, [new MemoryPart("initializers", 1_234_567, FigureBasis.Planned)]),
            new PoolAccount(MemoryPool.PrepackedWeights, [new MemoryPart("kernels", 20_000, FigureBasis.Estimated)]),
            new PoolAccount(MemoryPool.Session, [new MemoryPart("graph", 900_000, FigureBasis.Estimated)]),
            new PoolAccount(MemoryPool.Library, [new MemoryPart("code", 27_000_000, FigureBasis.Estimated)]),
            new PoolAccount(MemoryPool.Loading, [new MemoryPart("file", 400_000, FigureBasis.Bound)]),
            new PoolAccount(MemoryPool.HeapGaps, [new MemoryPart("freed", 9_000_000, FigureBasis.Bound)]),
        ]);
        MemoryManifest manifest = plain.With(tensors: tensors) with
        {
            Profile = profile,
            Peak = new PeakFacts(plain.OriginalProfile.Max(), profile[peak], profile[peak], profile[peak] - 1000, false, 16_384, Workspace, AtMost: true)
            {
                ProcessBytes = account.ProcessBytes,
                Formula = "64*batch",
            },
            PeakStep = new PeakStep(peak, plain.Schedule[peak],
                [.. tensors.Where(t => t.Role != TensorRole.Input && t.AliasOf is null && t.FirstStep <= peak && peak <= t.LastStep).OrderByDescending(t => t.Bytes)
                .Select(t => new LiveTensor(t.Name, t.Bytes))]),
            Targets = [new TargetFacts("x64", Workspace, FigureBasis.Measured), new TargetFacts("arm64", 30_000, FigureBasis.ByRule)],
            Plans =
            [
                new PlanFacts(PlanLayout.Portable, "x64", 1, null, profile[peak] + Workspace, account),
                new PlanFacts(PlanLayout.Portable, "arm64", 4, null, null, account),
                new PlanFacts(PlanLayout.Blocked16, "x64", 1, null, 500_000, MemoryAccount.OfPeak(400_000, 60_000)),
            ],
            Variants = [new VariantEntry(PlanLayout.Blocked16, new FileInfoEntry("synthetic.blocked16.onnx", new string('c', 64)), FigureBasis.Measured, 0.625, 12, 3)],
            OtherPrecision = new PrecisionAccount(Precision.Float32, 1_000_000, 2_469_134, 1.5e-3),
            Range = new RangeFacts(
                new Dictionary<string, SizeRange> { ["batch"] = new(1, 8), ["seq"] = new(1, 512) }, [SizeExpression.Parse("64*batch*seq"), SizeExpression.Parse("4096*batch")],
                new Dictionary<string, long> { ["batch"] = 8, ["seq"] = 512 },
                [
                    new RangePoint(new Dictionary<string, long> { ["batch"] = 1, ["seq"] = 1 }, 4096, 4096, 100) { RequiredBytes = 4196 },
                    new RangePoint(new Dictionary<string, long> { ["batch"] = 8, ["seq"] = 512 }, 262_144, 260_000, null),
                ])
            { Required = [SizeExpression.Parse("64*batch*seq + 100"), SizeExpression.Parse("4096*batch + 100")], OneSize = new OneSizeFacts(200_000, "hidden", "/bias", "Add") },
            Rewrites =
            [
                new AppliedRewrite("ChannelPartition", [plain.Schedule[1], plain.Schedule[2]], false, 0),
                new AppliedRewrite("ChannelPartition", [plain.Schedule[7], plain.Schedule[8]], false, 40_960),
                new AppliedRewrite("Partition", [.. plain.Schedule.Skip(20).Take(9)], true, 10_240) { AddedTime = 0.031, Pieces = new PieceFacts(4, plain.Schedule[28] + "_output_0", 2, 0.031) },
            ],
            LeftOut = [new LeftOutRewrite("ChannelSplit", [plain.Schedule[40]], "Outputs differ by 0.5 where 1e-4 is allowed.")],
            Work = new WorkEntry(1.1, 1.042, true, 4, 300_000),
            Verification = new VerificationFacts("passed", null, "1.32.0", "x64", profile[peak], false, 1.25e-7),
            Warnings = [new WarningEntry(SerenityCodes.NotProven, "The search ended before a proof.")],
        };
        return BudgetCheck.Apply(manifest, new MemoryBudgets(budget, budget is null ? null : 1_000_000, null));
    }

    /// <summary>The page of all models, with one of each verdict.</summary>
    public static string Index()
    {
        ModelFigures fits = new(900_000, 400_000, 20_000, false, 1_000_000, new BudgetEntry(500_000, BudgetVerdict.Pass), null);
        SerenityDiagnostic over = new(SerenityCodes.OverMemoryBudget, DiagnosticSeverity.Error, "models/big.onnx", "The model needs more than it may.");
        SerenityDiagnostic refused = new(SerenityCodes.NotAModel, DiagnosticSeverity.Error, "models/bad.onnx", "It cannot be read.");
        SerenityDiagnostic near = new(SerenityCodes.NearBudget, DiagnosticSeverity.Warning, "models/near.onnx", "Little to spare.");
        return IndexPage.Render(
            [
                new ModelResult("models/fits.onnx", null, fits, []) { Project = "App (net10.0)" },
                new ModelResult("models/big.onnx", null, fits with { Budget = new BudgetEntry(100_000, BudgetVerdict.Fail) }, [over]) { Project = "App (net10.0)" },
                new ModelResult("models/near.onnx", null, fits with { Budget = new BudgetEntry(421_000, BudgetVerdict.Pass) }, [near]) { Project = "Library" },
                new ModelResult("models/free.onnx", null, fits with { Budget = new BudgetEntry(null, BudgetVerdict.None) }, []) { Project = "Library" },
                new ModelResult("models/bad.onnx", null, null, [refused]) { Project = "Library" },
            ],
            result => result.Figures is null ? null : result.Model.Replace(".onnx", ".memory.html", StringComparison.Ordinal));
    }
}
