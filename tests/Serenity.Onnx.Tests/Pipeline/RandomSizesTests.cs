using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Random models whose sizes depend on data: no run takes more than the bound, and one takes as much. <c>sweep sizes</c> is the long version.</summary>
[TestClass]
public sealed class RandomSizesTests
{
    private const int Runs = 50;

    [TestMethod]
    public void No_run_takes_more_than_the_bound_and_one_comes_to_it()
    {
        int models = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : 25;
        int planned = 0, met = 0, reachable = 0;
        for (int seed = 0; seed < models; seed++)
        {
            RandomDataSizes random = RandomDataSizes.Create((ulong)seed);
            OptimizationResult result;
            try
            {
                result = WholeWay.Optimize(random.Model);
            }
            catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
            {
                continue;
            }
            planned++;
            long most = 0;
            for (int run = 0; run < Runs; run++)
            {
                if (Measured(result.Model, run, (ulong)seed) is not { } measured)
                    continue;
                Assert.IsLessThanOrEqualTo(result.Peak.Bytes, measured, $"seed {seed}, inputs {run}");
                most = Math.Max(most, measured);
            }
            if (!random.Reaches)
                continue;
            reachable++;
            if (most == result.Peak.Bytes)
                met++;
            else
                Console.WriteLine($"seed {seed}: {most} of {result.Peak.Bytes}");
        }
        Console.WriteLine($"{planned} of {models} planned, {reachable} whose bound can be met, {met} met");
        Assert.IsGreaterThan(0.9 * models, planned);
        Assert.AreEqual(reachable, met, "Models of which a run comes to the bound.");
    }

    /// <summary>What a run allocates for activations on inputs that were made for it here, and not by the product; null where the model does not run on them.</summary>
    private static long? Measured(Serenity.Onnx.Schema.ModelProto model, int run, ulong seed)
    {
        using ModelSession session = ModelSession.Load(RunnableModel.Of(model), observe: true);
        TestRandom random = new(seed * 1000 + (ulong)run);
        List<KeyValuePair<string, RuntimeValue>> inputs = [];
        int kind = run % 10, start = 1;
        foreach ((string name, NodeMetadata meta) in session.Inputs.OrderBy(i => i.Key, StringComparer.Ordinal))
        {
            long[] dims = [.. meta.Dimensions.Select(d => (long)d)];
            int count = (int)dims.Aggregate(1L, (p, d) => p * d), from = start;
            float[] values = [.. Enumerable.Range(0, count).Select(i => kind switch
            {
                0 => from + i,
                1 => 0,
                2 => 1,
                3 => -1 - i,
                4 => float.NaN,
                5 => i % 2 == 0 ? float.PositiveInfinity : float.NegativeInfinity,
                6 => (float)random.Next(1000) / 500 - 1,
                7 => random.Next(3) - 1,
                8 => 1e-42f * (i + 1),
                _ => 1e38f * (random.Next(3) - 1),
            })];
            start += count;
            inputs.Add(new(name, new RuntimeValue.Tensor(meta.ElementDataType, dims, MemoryMarshal.AsBytes<float>(values).ToArray())));
        }
        try
        {
            session.Run(inputs);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            return null;
        }
        return session.EndObservation().Memory!.ActivationBytes!.Value;
    }
}
