using System.Globalization;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Finds places in a model to change.</summary>
internal sealed class GraphPicker(TestRandom random)
{
    private int _fresh;

    /// <summary>The graph, or one within it.</summary>
    public GraphProto AnyGraph(GraphProto graph)
    {
        GraphProto[] inner = random.Chance(0.3) ? [.. graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf)] : [];
        return inner.Length == 0 ? graph : AnyGraph(random.Pick(inner));
    }

    /// <summary>A name that the model does not have.</summary>
    public string Fresh() => string.Create(CultureInfo.InvariantCulture, $"fuzz{_fresh++}");

    /// <summary>A node; null if there is none.</summary>
    public NodeProto? AnyNode(GraphProto graph) => graph.Node.Count == 0 ? null : random.Pick(graph.Node);

    /// <summary>The name of a value, now and then of none.</summary>
    public string AnyValue(GraphProto graph)
    {
        int kind = random.Next(10);
        if (kind <= 4 && AnyNode(graph) is { Output.Count: > 0 } node)
            return random.Pick(node.Output);
        if (kind <= 6 && graph.Input.Count > 0)
            return random.Pick(graph.Input).Name;
        if (kind <= 8 && graph.Initializer.Count > 0)
            return random.Pick(graph.Initializer).Name;
        return random.Chance(0.3) ? "" : StrangeValues.Text(random);
    }
}
