using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Layouts;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Layouts;

/// <summary>Models that are planned in the blocked layout besides the portable one, the whole way.</summary>
[TestClass]
public sealed class LayoutVariantTests
{
    private static readonly PlanLayout[] _both = [PlanLayout.Blocked8, PlanLayout.Blocked16];

    [TestMethod]
    public void A_cell_is_planned_in_both_layouts_and_run_in_the_one_that_this_machine_has()
    {
        ModelProto model = IrregularModels.DartsCell(channels: 16, size: 14);
        OptimizationResult portable = Optimize(model, []), both = Optimize(model, _both);
        CollectionAssert.AreEqual(ModelFile.ToBytes(portable.Model), ModelFile.ToBytes(both.Model), "The portable model is another one.");
        Assert.AreEqual(portable.Peak, both.Peak);
        CollectionAssert.AreEqual(_both, both.Variants.Select(v => v.Layout).ToArray());
        for (int i = 0; i < _both.Length; i++)
        {
            VariantFacts variant = both.Variants[i];
            PlanFacts plan = both.Plans.Single(p => p.Layout == variant.Layout);
            Assert.IsGreaterThan(0, variant.Convolutions);
            Assert.IsLessThan(1, variant.WorkRatio);
            Assert.IsLessThanOrEqualTo(2 * both.Peak.RequiredBytes, plan.Account.RequiredBytes);
            bool runs = HostChannelBlock.Layout == variant.Layout;
            Assert.AreEqual(runs ? FigureBasis.Measured : FigureBasis.ByRule, variant.Basis);
            Assert.IsNotNull(variant.Block);
            Assert.AreEqual(variant.Block?.Bytes, plan.BlockBytes);
            long block = ChannelBlock.Of(variant.Layout);
            Assert.IsTrue(both.VariantModels[i].Graph.Node.Where(n => n.Domain == OperatorDomain.Nchwc && n.OpType == "Conv")
                .All(n => both.VariantModels[i].Graph.Initializer.Single(t => t.Name == n.Input[1]).Dims[0] % block == 0));
        }
        // The same files on every machine, whatever it can run.
        OptimizationResult again = Optimize(model, _both);
        for (int i = 0; i < _both.Length; i++)
            CollectionAssert.AreEqual(ModelFile.ToBytes(both.VariantModels[i]), ModelFile.ToBytes(again.VariantModels[i]));
    }

    [TestMethod]
    public void Scratch_and_sequence_by_rule_are_those_of_a_run()
    {
        if (HostChannelBlock.Layout == PlanLayout.Portable)
            Assert.Inconclusive("ONNX Runtime has no blocked layout for this processor.");
        int compared = 0;
        for (ulong seed = 0; seed < 4; seed++)
        {
            ModelProto model = IrregularModels.WattsStrogatz(vertices: 10, seed: seed, channels: 12, size: 12);
            OptimizationResult measured = Optimize(model, [HostChannelBlock.Layout]), byRule = Optimize(model, [HostChannelBlock.Layout], runs: false);
            if (measured.Variants.Count == 0)
                continue;
            PlanFacts a = measured.Plans.Single(p => p.Layout != PlanLayout.Portable), b = byRule.Plans.Single(p => p.Layout != PlanLayout.Portable);
            Assert.AreEqual(a.Account.RequiredBytes, b.Account.RequiredBytes, $"seed {seed}");
            // The run that was foreseen is the one that was seen, call by call.
            if (measured.Variants[0].Block is not { } seen || byRule.Variants[0].Block is not { } foreseen)
                continue;
            compared++;
            CollectionAssert.AreEqual(seen.Sizes.ToArray(), foreseen.Sizes.ToArray(), $"seed {seed}");
            CollectionAssert.AreEqual(seen.Outputs.ToArray(), foreseen.Outputs.ToArray(), $"seed {seed}");
            CollectionAssert.AreEqual(seen.Offsets.ToArray(), foreseen.Offsets.ToArray(), $"seed {seed}");
        }
        Assert.IsGreaterThan(0, compared, "No run was foreseen.");
    }

    [TestMethod]
    public void An_app_for_arm64_has_none_and_one_that_is_named_is_an_error()
    {
        ModelProto model = IrregularModels.DartsCell(channels: 16, size: 14);
        Assert.IsEmpty(Optimize(model, _both, targets: [TargetArchitecture.Arm64]).Variants);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Optimize(model, _both, targets: [TargetArchitecture.Arm64], named: true));
        Assert.AreEqual(SerenityCodes.BadOption, error.Code);
        StringAssert.Contains(error.Message, "x64");
    }

    [TestMethod]
    public void A_detector_of_whole_blocks_needs_hardly_more_in_blocks()
    {
        using TempFolder folder = new();
        string path = folder.File("yolo.onnx", ModelFile.ToBytes(YoloModel.Create(size: 320)));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Layouts = _both, Targets = [TargetArchitecture.X64], Partition = false, Verify = false });
        foreach (PlanLayout layout in _both)
        {
            long required = result.Plans.Single(p => p.Layout == layout).Account.RequiredBytes;
            Assert.IsLessThanOrEqualTo(1.1 * result.Peak.RequiredBytes, (double)required, $"{layout} needs {required:N0} of {result.Peak.RequiredBytes:N0} bytes.");
        }
    }

    /// <summary>A layout that is faster and takes more gives way, under a limit, to one that stays within it; where none does, it stands.</summary>
    [TestMethod]
    public void A_layout_stays_within_the_bytes_that_it_may_take_where_one_does()
    {
        int gaveWay = 0;
        for (ulong seed = 0; seed < 6; seed++)
        {
            // 12 channels fill no block.
            ModelProto model = IrregularModels.WattsStrogatz(vertices: 10, seed: seed, channels: 12, size: 12);
            OptimizationResult free = Optimize(model, _both, runs: false);
            foreach (PlanLayout layout in free.Variants.Select(v => v.Layout))
            {
                long fastest = BytesOf(free, layout);
                OptimizationResult within = Optimize(model, [layout], runs: false, bytes: fastest - 1), all = Optimize(model, [layout], runs: false, bytes: fastest),
                    none = Optimize(model, [layout], runs: false, bytes: 1);
                Assert.AreEqual(fastest, BytesOf(all, layout), $"seed {seed}, {layout}");
                Assert.AreEqual(fastest, BytesOf(none, layout), $"seed {seed}, {layout}: what nothing stays within does not matter.");
                Assert.IsLessThanOrEqualTo(fastest, BytesOf(within, layout), $"seed {seed}, {layout}");
                CollectionAssert.AreEqual(ModelFile.ToBytes(free.Model), ModelFile.ToBytes(within.Model));
                if (BytesOf(within, layout) == fastest)
                    continue;
                gaveWay++;
                Assert.IsGreaterThanOrEqualTo(free.Variants.Single(v => v.Layout == layout).WorkRatio, within.Variants.Single().WorkRatio, $"seed {seed}, {layout}: a faster one was there.");
            }
        }
        Assert.IsGreaterThan(0, gaveWay, "No limit made a difference.");

        static long BytesOf(OptimizationResult result, PlanLayout layout) => result.Plans.Single(p => p.Layout == layout).Account.RequiredBytes;
    }

    [TestMethod]
    public void A_model_without_convolutions_has_none()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", TensorProto.Types.DataType.Float, 1, 16, 4, 4)]), TensorProto.Types.DataType.Float, 1, 16, 4, 4);
        Assert.IsEmpty(Optimize(builder.Build(), _both).Variants);
    }

    private static OptimizationResult Optimize(ModelProto model, PlanLayout[] layouts, bool runs = true, TargetArchitecture[]? targets = null, bool named = false, long? bytes = null)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        OptimizeRequest request = new() { ModelPath = path, Layouts = layouts, LayoutsWhereUseful = !named, LayoutBytes = bytes, Targets = targets ?? [TargetArchitecture.X64] };
        SourceModel source = SourceModel.Prepare(ModelFile.Load(path), request, CancellationToken.None);
        ModelPipeline pipeline = runs ? new(request, source, CancellationToken.None) : new(request, source, CancellationToken.None) { HostLayout = () => PlanLayout.Portable };
        return pipeline.Run();
    }
}
