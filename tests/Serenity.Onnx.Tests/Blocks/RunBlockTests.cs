using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Blocks;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Blocks;

/// <summary>A run laid out in one block: planned from what a run allocates, proven by a run in exactly that block, and wrong plans are found out.</summary>
[TestClass]
public sealed class RunBlockTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    public void Random_models_run_in_a_block_that_holds_what_lives_together(int threads)
    {
        for (ulong seed = 1; seed <= 12; seed++)
        {
            ModelProto model = RandomModel.Create(seed).Model;
            RunSequence? seen = null;
            VerificationOutcome outcome = ModelVerifier.Verify(Request(model, sequence => RunBlockPlanner.Plan(seen = sequence, threads)) with { Threads = threads });
            RunBlock block = outcome.Block!;
            Assert.IsNotNull(block);
            Assert.AreEqual(threads, block.Threads);
            Check(seen!, block);
        }
    }

    [TestMethod]
    public void Outputs_are_told_apart_from_what_lies_between()
    {
        ModelProto model = RandomModel.Create(2).Model;
        RunBlock block = ModelVerifier.Verify(Request(model, s => RunBlockPlanner.Plan(s, 1))).Block!;
        int[] outputs = [.. block.Outputs.Where(o => o >= 0)];
        CollectionAssert.AllItemsAreUnique(outputs);
        CollectionAssert.IsSubsetOf(outputs, Enumerable.Range(0, model.Graph.Output.Count).ToArray());
        Assert.IsNotEmpty(outputs);
    }

    [TestMethod]
    public void A_place_that_another_has_is_found_out()
    {
        int wrong = 0;
        for (int change = 0; change < 40; change++)
        {
            TestRandom random = new((ulong)change + 1);
            RunSequence? seen = null;
            bool overlaps = false;
            VerificationRequest request = Request(IrregularModels.DartsCell(), sequence =>
            {
                RunBlock good = RunBlockPlanner.Plan(seen = sequence, 1);
                long[] offsets = [.. good.Offsets];
                int at = random.Next(offsets.Length);
                offsets[at] = random.Next((int)((good.Bytes - good.Sizes[at]) / 64) + 1) * 64L;
                overlaps = Overlap(sequence, good.Sizes, offsets);
                return good with { Offsets = offsets };
            });
            try
            {
                RunBlock? block = ModelVerifier.Verify(request).Block;
                Assert.IsNotNull(block);
                Assert.IsFalse(overlaps);
            }
            catch (SerenityException e) when (e.Code == SerenityCodes.MemoryDiffers)
            {
                Assert.IsTrue(overlaps, e.Message);
                wrong++;
            }
        }
        Assert.IsGreaterThan(10, wrong);
    }

    [TestMethod]
    public void A_plan_for_another_sequence_is_not_kept()
    {
        VerificationOutcome outcome = ModelVerifier.Verify(Request(IrregularModels.DartsCell(), sequence =>
        {
            RunBlock good = RunBlockPlanner.Plan(sequence, 1);
            return good with { Sizes = [.. good.Sizes.Select((bytes, i) => i == 3 ? bytes + 4 : bytes)] };
        }));
        Assert.IsNull(outcome.Block);
        Assert.AreEqual("passed", outcome.Facts.Status);
    }

    [TestMethod]
    public void An_optimized_model_needs_no_more_than_its_figure_and_what_alignment_adds()
    {
        foreach (string name in (string[])["darts", "watts-strogatz", "nas"])
        {
            string folder = Directory.CreateTempSubdirectory("serenity-block-").FullName;
            try
            {
                string path = Path.Combine(folder, "net.onnx");
                ModelFile.Save(name switch { "darts" => IrregularModels.DartsCell(), "nas" => NasNetworks.Create("DARTS_V2", 3), _ => IrregularModels.WattsStrogatz() }, path);
                OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });
                RunBlock block = result.Block!;
                Assert.AreEqual(block.LowerBoundBytes, block.Bytes, name);
                Assert.IsGreaterThanOrEqualTo(result.Peak.Bytes + (result.Peak.WorkspaceBytes ?? 0), block.Bytes, name);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    [TestMethod]
    public void Shared_models_run_in_a_block()
    {
        string[] files = [.. SharedData.Files("models/light", "*.onnx").Take(40)];
        if (files.Length == 0)
            Assert.Inconclusive("no ../shared/models");
        int blocks = 0;
        foreach (string file in files)
        {
            LoadedModel loaded = ModelFile.Load(file);
            RunSequence? seen = null;
            VerificationOutcome outcome;
            try
            {
                outcome = ModelVerifier.Verify(Request(loaded.Model, s => RunBlockPlanner.Plan(seen = s, 1)) with { ExternalFolder = loaded.ExternalFolder });
            }
            catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
            {
                continue;
            }
            if (outcome.Block is not { } block)
                continue;
            blocks++;
            Check(seen!, block);
        }
        Assert.IsGreaterThan(files.Length / 2, blocks);
    }

    private static VerificationRequest Request(ModelProto model, Func<RunSequence, RunBlock> place) => new()
    {
        Source = model,
        Optimized = model,
        Fused = false,
        Exact = true,
        Work = 1_000_000,
        PlaceRun = (sequence, _) => place(sequence),
    };

    /// <summary>The block against the definition: each pair that lives together lies apart, and no block can be smaller than what lives together at some moment.</summary>
    private static void Check(RunSequence sequence, RunBlock block)
    {
        Assert.HasCount(sequence.Allocations.Count, block.Offsets);
        Assert.IsFalse(Overlap(sequence, block.Sizes, block.Offsets));
        long most = 0;
        for (int e = 0; e < sequence.Events; e++)
            most = Math.Max(most, sequence.Allocations.Where(a => a.Taken <= e && e < a.GivenBack).Sum(a => a.Bytes));
        Assert.IsGreaterThanOrEqualTo(most, block.LowerBoundBytes);
        Assert.IsGreaterThanOrEqualTo(block.LowerBoundBytes, block.Bytes);
        for (int i = 0; i < block.Offsets.Count; i++)
        {
            Assert.AreEqual(sequence.Allocations[i].Bytes, block.Sizes[i]);
            Assert.IsTrue(block.Offsets[i] >= 0 && block.Offsets[i] % 64 == 0 && block.Offsets[i] + block.Sizes[i] <= block.Bytes);
        }
    }

    private static bool Overlap(RunSequence sequence, IReadOnlyList<long> sizes, IReadOnlyList<long> offsets)
    {
        for (int a = 0; a < sizes.Count; a++)
        {
            for (int b = 0; b < a; b++)
            {
                bool together = sequence.Allocations[a].Taken < sequence.Allocations[b].GivenBack && sequence.Allocations[b].Taken < sequence.Allocations[a].GivenBack;
                if (together && offsets[a] < offsets[b] + sizes[b] && offsets[b] < offsets[a] + sizes[a])
                    return true;
            }
        }
        return false;
    }
}
