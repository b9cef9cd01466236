using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Values;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>A sum that another order destroys is found wherever the result is hidden, and what is at fault is left out alone.</summary>
[TestClass]
public sealed class CancellationTests
{
    [TestMethod]
    public void No_rewritten_model_loses_what_the_source_has()
    {
        int caught = 0;
        for (ulong seed = 0; seed < 50; seed++)
        {
            ModelProto model = CancellingModels.Random(seed);
            OptimizationResult result = WholeWay.Optimize(model, seed % 2 == 0 ? Executor.OnnxRuntime : Executor.StaticArena);
            caught += result.LeftOut.Count > 0 || result.Warnings.Any(w => w.Code == SerenityCodes.PassedThrough) ? 1 : 0;
            Assert.IsNull(Lost(model, result), $"seed {seed}: {Lost(model, result)}; {string.Join(", ", result.Rewrites.Select(r => $"{r.Kind} at {r.Nodes[0]}"))}; without {string.Join(", ", result.LeftOut.Select(r => $"{r.Kind} at {r.Nodes[0]}"))}");
        }
        // Without the check, so many are destroyed.
        Assert.IsGreaterThan(15, caught);
    }

    [TestMethod]
    [DataRow("cancel3_mask")]
    [DataRow("cancel3_argmax")]
    [DataRow("cancel3_plain")]
    public void Known_cases_are_caught(string name)
    {
        string path = SharedData.PathOf($"cases/{name}.onnx") ?? "";
        if (!File.Exists(path))
            Assert.Inconclusive("The test data beside the checkout is missing.");
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });
        Assert.IsNotEmpty(result.LeftOut);
        StringAssert.Contains(result.Warnings.Single(w => w.Code == SerenityCodes.PassedThrough).Message, result.LeftOut[0].Kind);
    }

    /// <summary>What the written model loses, by runs on inputs of its own; null for nothing.</summary>
    private static string? Lost(ModelProto source, OptimizationResult result)
    {
        using ModelSession reference = ModelSession.Load(RunnableModel.Of(source), GraphOptimizationLevel.ORT_DISABLE_ALL);
        using ModelSession written = ModelSession.Load(RunnableModel.Of(result.Model), GraphOptimizationLevel.ORT_DISABLE_ALL);
        TestRandom random = new(99);
        long[] dims = [.. source.Graph.Input[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue)];
        int different = 0, decided = 0;
        for (int run = 0; run < 20; run++)
        {
            byte[] data = new byte[4 * dims.Aggregate(1L, (a, b) => a * b)];
            Buffer.BlockCopy(random.Floats(data.Length / 4, 1), 0, data, 0, data.Length);
            KeyValuePair<string, RuntimeValue>[] inputs = [new("x", new RuntimeValue.Tensor(Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, dims, data))];
            RuntimeValue.Tensor expected = (RuntimeValue.Tensor)reference.Run(inputs)[0].Value, actual = (RuntimeValue.Tensor)written.Run(inputs)[0].Value;
            if (SeenTensor.Of(expected) is not { } x || SeenTensor.Of(actual) is not { } y)
            {
                int size = expected.Type == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64 ? 8 : 1;
                decided += expected.Data.Length / size;
                different += expected.Data.Chunk(size).Zip(actual.Data.Chunk(size)).Count(p => !p.First.AsSpan().SequenceEqual(p.Second));
                continue;
            }
            // One channel at a time: what the others hold does not excuse it.
            foreach (ValueSlice slice in ValueSlice.All(x.Dims, ValueSlice.Between(x, y)).Take((int)x.Dims[1]))
            {
                if (slice.Error > 1e-3 * slice.Magnitude)
                    return $"{slice.Error:E1} of {slice.Magnitude:E1} in one channel";
            }
        }
        return different * 200 > decided ? $"{different} of {decided} decisions" : null;
    }
}
