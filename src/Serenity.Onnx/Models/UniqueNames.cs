using System.Globalization;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// Gives every node a name of its own, so that the manifest's schedule and ONNX Runtime's profile speak of the same node. A name
/// that is already the only one of its kind stays; the first of several nodes of one name keeps it, nodes of the outer graph before those of subgraphs.
/// </summary>
internal static class UniqueNames
{
    /// <summary>Names the nodes of a model's graph and subgraphs. Changes the model; returns how many nodes got another name.</summary>
    public static int Assign(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Breadth first: the nodes of the main graph are the ones the user reads about.
        List<NodeProto> nodes = [];
        Queue<GraphProto> graphs = new([model.Graph]);
        while (graphs.TryDequeue(out GraphProto? graph))
        {
            foreach (NodeProto node in graph.Node)
            {
                nodes.Add(node);
                foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
                    graphs.Enqueue(inner);
            }
        }

        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
            taken.Add(node.Name);
        HashSet<string> kept = new(StringComparer.Ordinal);
        Dictionary<string, int> next = new(StringComparer.Ordinal);
        int renamed = 0;
        foreach (NodeProto node in nodes)
        {
            if (node.Name.Length > 0 && kept.Add(node.Name))
                continue;
            string stem = node.Name.Length > 0 ? node.Name : node.OpType;
            int number = next.GetValueOrDefault(stem, node.Name.Length > 0 ? 2 : 1);
            string name;
            do
                name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{number++}");
            while (!taken.Add(name));
            next[stem] = number;
            node.Name = name;
            renamed++;
        }
        return renamed;
    }
}
