using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>Random models as they are planned, and what ONNX Runtime is seen to do with them.</summary>
internal static class ObservedRun
{
    /// <summary>A random model of 10 to 120 nodes in the form in which ONNX Runtime executes it, with its shapes.</summary>
    public static (ModelProto Model, ShapeTable Shapes) RandomModel(ulong seed)
    {
        int nodes = 10 + (int)(seed * 7919 % 111);
        ModelProto source = Serenity.Testing.Models.RandomModel.Create(seed, new RandomModelOptions(Nodes: nodes, ShuffleFile: seed % 2 == 0)).Model;
        ModelProto model = ModelFusion.Settle(source, null).Clone();
        UniqueNames.Assign(model);
        return (model, ShapeInference.Run(model, "/random.onnx", new Dictionary<string, long>()).Main);
    }

    /// <summary>Runs a model once under the truthful session options.</summary>
    public static Observation Of(ModelProto model)
    {
        using ModelSession session = ModelSession.Load(RunnableModel.Of(model), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true);
        session.Run(new SeededInputs(model.Graph, session.Inputs).Create(InputCase.Uniform));
        return session.EndObservation();
    }

    /// <summary>A random topological order of the nodes.</summary>
    public static int[] RandomOrder(OrtGraph graph, TestRandom random)
    {
        int n = graph.NodeCount;
        int[] pending = new int[n];
        List<int>[] after = [.. Enumerable.Range(0, n).Select(_ => new List<int>())];
        for (int node = 0; node < n; node++)
        {
            pending[node] = graph.Predecessors(node).Length;
            foreach (int before in graph.Predecessors(node))
                after[before].Add(node);
        }
        List<int> ready = [.. Enumerable.Range(0, n).Where(node => pending[node] == 0)];
        List<int> order = [];
        while (ready.Count > 0)
        {
            int at = random.Next(ready.Count);
            int node = ready[at];
            ready.RemoveAt(at);
            order.Add(node);
            ready.AddRange(after[node].Where(next => --pending[next] == 0));
        }
        return [.. order];
    }
}
