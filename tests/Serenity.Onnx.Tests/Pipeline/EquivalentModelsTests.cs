using Serenity.Onnx.Contract;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models that compute the same are planned the same: other names, another order in the file, nodes that nobody reads (equivalence modulo inputs).</summary>
[TestClass]
public sealed class EquivalentModelsTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Variants_have_the_same_peak_and_the_same_rewrites(Executor executor)
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            ModelProto model = seed % 2 == 0 ? IrregularModels.DartsCell(4, seed, 8, 8) : IrregularModels.WattsStrogatz(8, 4, 0.75, seed, 4, 8);
            string expected = Text(WholeWay.Optimize(model, executor));
            TestRandom random = new(seed);
            Assert.AreEqual(expected, Text(WholeWay.Optimize(Renamed(model, random), executor)), $"seed {seed}, renamed");
            Assert.AreEqual(expected, Text(WholeWay.Optimize(WithUnused(model), executor)), $"seed {seed}, with a weight that nobody reads");
            OptimizationResult permuted = WholeWay.Optimize(Permuted(model, random), executor), plain = WholeWay.Optimize(model, executor);
            if (permuted.Peak.Optimal && plain.Peak.Optimal)
                Assert.AreEqual(plain.Peak.LowerBoundBytes, permuted.Peak.LowerBoundBytes, $"seed {seed}, in another order");
        }
    }

    private static string Text(OptimizationResult result) =>
        $"{result.Peak.OriginalBytes} {result.Peak.Bytes} {result.Peak.LowerBoundBytes} {string.Join(",", result.Profile)} {string.Join(",", result.Rewrites.Select(r => r.Kind))}";

    /// <summary>Every node and inner value with another name; names say nothing.</summary>
    private static ModelProto Renamed(ModelProto model, TestRandom random)
    {
        ModelProto renamed = model.Clone();
        HashSet<string> kept = [.. model.Graph.Input.Select(i => i.Name), .. model.Graph.Output.Select(o => o.Name)];
        Dictionary<string, string> names = [];
        string Name(string name) => name.Length == 0 || kept.Contains(name) ? name
            : names.TryGetValue(name, out string? known) ? known : names[name] = $"v{random.Next(1000)}_{names.Count}";
        foreach (TensorProto initializer in renamed.Graph.Initializer)
            initializer.Name = Name(initializer.Name);
        foreach (NodeProto node in renamed.Graph.Node)
        {
            node.Name = $"n{random.Next(1000)}_{node.Name}";
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = Name(node.Input[i]);
            for (int i = 0; i < node.Output.Count; i++)
                node.Output[i] = Name(node.Output[i]);
        }
        renamed.Graph.ValueInfo.Clear();
        return renamed;
    }

    private static ModelProto WithUnused(ModelProto model)
    {
        ModelProto changed = model.Clone();
        TensorProto unused = new() { Name = "nobody_reads_this", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 3 } };
        unused.FloatData.Add([1, 2, 3]);
        changed.Graph.Initializer.Add(unused);
        return changed;
    }

    /// <summary>The nodes in another topological order.</summary>
    private static ModelProto Permuted(ModelProto model, TestRandom random)
    {
        ModelProto permuted = model.Clone();
        List<NodeProto> left = [.. model.Graph.Node];
        HashSet<string> waiting = [.. left.SelectMany(n => n.Output)];
        permuted.Graph.Node.Clear();
        while (left.Count > 0)
        {
            NodeProto next = random.Pick(left.FindAll(n => !n.Input.Any(waiting.Contains)));
            left.Remove(next);
            waiting.ExceptWith(next.Output);
            permuted.Graph.Node.Add(next.Clone());
        }
        return permuted;
    }
}
