using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>What a plan for a chip that is too small moves, beside the file's own order.</summary>
[TestClass]
public sealed class ArenaTrafficTests
{
    [TestMethod]
    public void No_plan_that_needs_as_much_as_the_file_moves_more_than_its_order()
    {
        using TempFolder folder = new();
        int equal = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            string path = folder.File("net.onnx", RandomModel.Create((ulong)(700 + seed)).Model.ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false, Partition = false };
            PeakFacts peak = ModelOptimizer.Optimize(request).Peak;
            // Where the plan needs less, it may move more.
            if (peak.OriginalBytes > peak.Bytes)
                continue;
            foreach (long onChip in (long[])[peak.LiveBytes * 3 / 4, peak.LiveBytes / 2])
            {
                OptimizationResult result = ModelOptimizer.Optimize(request with { OnChip = onChip });
                OrderTraffic file = result.Traffic!.Orders.Single(o => o.Order == "file"), planned = result.Traffic.Orders.Single(o => o.Order == "planned");
                Assert.IsLessThanOrEqualTo(file.Bytes, planned.Bytes, $"seed {seed}, {onChip} on chip");
                equal++;
            }
        }
        Assert.IsGreaterThan(0, equal);
    }
}
