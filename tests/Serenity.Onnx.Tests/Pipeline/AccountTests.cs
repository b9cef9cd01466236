using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>What a plan takes, pool by pool, is the same as its peak.</summary>
[TestClass]
public sealed class AccountTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime, 1)]
    [DataRow(Executor.OnnxRuntime, 2)]
    [DataRow(Executor.StaticArena, 1)]
    public void The_pools_add_up_to_the_peak(Executor executor, int threads)
    {
        using TempFolder folder = new();
        string path = folder.File("cell.onnx", ModelFile.ToBytes(IrregularModels.DartsCell(vertices: 4, seed: 3, channels: 8, size: 8)));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor, Threads = threads });
        PlanFacts plan = result.Plans.Single();
        Assert.AreEqual(PlanLayout.Portable, plan.Layout);
        Assert.IsNull(plan.Sizes);
        Assert.AreEqual(result.Peak.RequiredBytes, plan.Account.RequiredBytes);
        Assert.AreEqual(result.Peak.Bytes, plan.Account.Find(MemoryPool.Activations)!.Bytes);
        Assert.AreEqual(result.Peak.LiveBytes, plan.Find(MemoryPool.Activations, "live")!.Bytes);
        Assert.AreEqual(result.WeightBytes, plan.Account.Find(MemoryPool.Weights)!.Bytes);
        bool inSession = executor == Executor.OnnxRuntime;
        Assert.AreEqual(result.Peak.WorkspaceBytes, plan.Account.Find(MemoryPool.Workspace)?.Bytes);
        Assert.AreEqual(inSession ? result.Peak.InputBytes : null, plan.Account.Find(MemoryPool.Inputs)?.Bytes);
        Assert.AreEqual(inSession ? result.Verification!.Architecture : null, plan.Architecture);
        Assert.AreEqual(threads, plan.Threads);
        Assert.AreEqual(result.Block?.Bytes, plan.BlockBytes);
    }

    [TestMethod]
    public void A_block_is_stated_where_it_holds()
    {
        using TempFolder folder = new();
        string path = folder.File("cell.onnx", ModelFile.ToBytes(IrregularModels.DartsCell(vertices: 4, seed: 3, channels: 8, size: 8)));
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Targets = [TargetArchitecture.X64, TargetArchitecture.Arm64] });
        CollectionAssert.AreEqual(new[] { "x64", "arm64" }, result.Plans.Select(p => p.Architecture).ToArray());
        Assert.IsNotNull(result.Block);
        // Proven by a run here, and laid out by rule for the other.
        foreach (PlanFacts plan in result.Plans)
        {
            Assert.IsGreaterThanOrEqualTo(result.Peak.LiveBytes, plan.BlockBytes!.Value);
            if (plan.Architecture == result.Block.Architecture)
                Assert.AreEqual(result.Block.Bytes, plan.BlockBytes);
        }
        Assert.AreEqual(result.Plans.Max(p => p.Account.RequiredBytes), result.Peak.RequiredBytes);
    }

    [TestMethod]
    public void A_pool_is_replaced_and_stands_in_its_place()
    {
        MemoryAccount account = MemoryAccount.OfPeak(1000, null);
        Assert.AreEqual(1000, account.RequiredBytes);
        account = account.With(new PoolAccount(MemoryPool.Weights, [new MemoryPart("initializers", 7, FigureBasis.Planned)]));
        Assert.AreEqual(1000, account.RequiredBytes, "weights have a budget of their own");
        account = account.With(new PoolAccount(MemoryPool.Workspace, [new MemoryPart("kernels", 30, FigureBasis.Measured), new MemoryPart("heap", 4, FigureBasis.Bound)]));
        Assert.AreEqual(1034, account.RequiredBytes);
        CollectionAssert.AreEqual(new[] { MemoryPool.Activations, MemoryPool.Workspace, MemoryPool.Weights }, account.Pools.Select(p => p.Pool).ToArray());
    }
}
