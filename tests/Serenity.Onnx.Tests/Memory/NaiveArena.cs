using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Memory;

/// <summary>
/// The rules of docs/executors.md for a static arena, straight on the ONNX nodes and by name, for models without control flow and
/// accumulation: an account of live bytes that shares nothing with the memory graph. Quadratic, and proud of it.
/// </summary>
internal static class NaiveArena
{
    private static readonly HashSet<string> _sameBuffer = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout"];
    private static readonly HashSet<string> _inPlace =
        ["Relu", "Sigmoid", "Tanh", "Neg", "Abs", "HardSwish", "HardSigmoid", "LeakyRelu", "Elu", "Softplus", "Erf", "Sqrt", "Clip", "Cast", "Softmax", "LogSoftmax", "BatchNormalization"];

    /// <summary>Live bytes during each node, in the order given, Constant nodes left out.</summary>
    public static long[] Profile(ModelProto model, ShapeTable shapes, IReadOnlyList<string> order)
    {
        GraphProto graph = model.Graph;
        Dictionary<string, NodeProto> nodes = graph.Node.ToDictionary(n => n.Name);
        HashSet<string> weights = [.. graph.Initializer.Select(i => i.Name), .. graph.Node.Where(n => n.OpType == "Constant").Select(n => n.Output[0])];
        HashSet<string> outputs = [.. graph.Output.Select(o => o.Name)];

        // Which buffers a value lies in: its own, those of what it renames, or those of all parts of a concat.
        Dictionary<string, HashSet<string>> buffers = [];
        foreach (ValueInfoProto input in graph.Input.Where(i => !weights.Contains(i.Name)))
            buffers[input.Name] = [input.Name];
        foreach (string weight in weights)
            buffers[weight] = [];
        foreach (string name in order)
        {
            NodeProto node = nodes[name];
            foreach (string output in node.Output.Where(o => o.Length > 0))
                buffers[output] = [output];
            if (_sameBuffer.Contains(node.OpType))
                buffers[node.Output[0]] = buffers[node.Input[0]];
            else if (node.OpType == "Concat" && !MustBeCopied(node.Output[0]))
                buffers[node.Output[0]] = [.. node.Input.SelectMany(i => buffers[i])];
        }

        // A buffer is needed until the last node that reads any value in it.
        Dictionary<string, int> lastUse = [];
        Dictionary<string, HashSet<int>> users = [];
        for (int step = 0; step < order.Count; step++)
        {
            NodeProto node = nodes[order[step]];
            foreach (string buffer in node.Input.Where(i => i.Length > 0).Concat(SubgraphCaptures.Of(node)).SelectMany(i => buffers[i])
                .Concat(node.Output.Where(o => o.Length > 0).SelectMany(o => buffers[o])))
                lastUse[buffer] = step;
            foreach (string buffer in node.Input.Where(i => i.Length > 0).Concat(SubgraphCaptures.Of(node)).SelectMany(i => buffers[i]))
                (users.TryGetValue(buffer, out HashSet<int>? at) ? at : users[buffer] = []).Add(step);
        }
        HashSet<string> kept = [.. outputs.SelectMany(o => buffers[o])];

        long[] profile = new long[order.Count];
        HashSet<string> live = [.. graph.Input.Select(i => i.Name).Where(i => buffers[i].Contains(i) && (lastUse.ContainsKey(i) || kept.Contains(i)))];
        for (int step = 0; step < order.Count; step++)
        {
            NodeProto node = nodes[order[step]];
            foreach (string buffer in node.Output.Where(o => o.Length > 0).SelectMany(o => buffers[o]))
                live.Add(buffer);
            profile[step] = live.Sum(shapes.Bytes);
            if (_inPlace.Contains(node.OpType) && node.Output.Count == 1 && buffers[node.Input[0]] is { Count: 1 } from && from.Single() is { } taken
                && lastUse[taken] == step && !kept.Contains(taken) && shapes.Bytes(taken) == shapes.Bytes(node.Output[0])
                && shapes.Find(node.Input[0])!.Dims.SequenceEqual(shapes.Find(node.Output[0])!.Dims))
                profile[step] -= shapes.Bytes(taken);
            live.RemoveWhere(b => lastUse.GetValueOrDefault(b, -1) <= step && !kept.Contains(b));
        }
        return profile;

        // A concat that is handed out must be one stretch of memory: copied here in every case that is not plain, and such models are left out.
        bool MustBeCopied(string value) => outputs.Contains(value);
    }
}
