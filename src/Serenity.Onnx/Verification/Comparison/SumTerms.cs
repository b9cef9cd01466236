using System.Globalization;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// Adds nodes to a model that compute, for an output, how large the terms are that its elements are sums of: the last sum on the way to it, over magnitudes.
/// What a rounding error may be is in proportion to these, and not to what is left of them; nor to a larger element somewhere else in the output.
/// </summary>
internal sealed class SumTerms
{
    private const int MaxDepth = 200;

    private readonly GraphProto _graph;
    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _terms = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly ShapeTable _shapes;

    /// <summary>Begins.</summary>
    /// <param name="graph">The graph; nodes are added to it.</param>
    /// <param name="shapes">Types of its values.</param>
    public SumTerms(GraphProto graph, ShapeTable shapes)
    {
        _graph = graph;
        _shapes = shapes;
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
            {
                _makers[output] = node;
                _names.Add(output);
            }
        }
    }

    /// <summary>The value that holds the magnitude of the terms of each element of a value; null where the last sum cannot be told.</summary>
    public string? Of(string value) => Of(value, 0);

    private string? Of(string value, int depth)
    {
        if (_terms.TryGetValue(value, out string? known))
            return known;
        return _terms[value] = depth < MaxDepth && _shapes.Find(value)?.ElementType is DataType.Float or DataType.Double ? Add(value, depth + 1) : null;
    }

    private string? Add(string value, int depth)
    {
        if (!_makers.TryGetValue(value, out NodeProto? node) || ConstantNode.Is(node))
            return Node("Abs", [value]);
        Operator entry = OperatorTable.Of(node);
        if (entry.Has(OperatorTraits.Sums) && !entry.Has(OperatorTraits.OtherLayout))
            return Sum(node);
        if (!entry.IsStandard)
            return null;
        if (entry.Has(OperatorTraits.Contracts))
            return Of(node.Input[0], depth);
        if (entry.Has(OperatorTraits.PassesElements))
            return Of(node.Input[0], depth) is { } moved ? Like(node, node.Output.IndexOf(value), [moved, .. node.Input.Skip(1)]) : null;
        if (entry.Kind == OperatorKind.Concat)
        {
            string?[] parts = [.. node.Input.Select(input => Of(input, depth))];
            return parts.Contains(null) ? null : Like(node, 0, parts!);
        }
        if (node.Is("Mul"))
        {
            string? a = Of(node.Input[0], depth), b = Of(node.Input[1], depth);
            return a is null || b is null ? null
                : Node("Add", [Node("Mul", [a, Magnitude(node.Input[1])]), Node("Mul", [Magnitude(node.Input[0]), b])]);
        }
        // Scaled and shifted with statistics that are given.
        return entry.Has(OperatorTraits.UpdatesStatistics) && node.Output.Count == 1
            ? Like(node, 0, [Magnitude(node.Input[0]), Magnitude(node.Input[1]), Magnitude(node.Input[2]), Node("Neg", [Magnitude(node.Input[3])]), node.Input[4]]) : null;
    }

    private string Sum(NodeProto node)
    {
        // A reduction's further inputs are axes.
        int terms = node.Kind() == OperatorKind.Reduction ? 1 : node.Input.Count;
        NodeProto like = node;
        if (node.Is("Sub"))
        {
            like = node.Clone();
            like.OpType = "Add";
        }
        else if (node.Kind() is OperatorKind.Convolution or OperatorKind.Product)
        {
            like = node.Clone();
            foreach (string name in (string[])["activation", "activation_params", "activation_alpha", "activation_beta", "activation_gamma"])
                like.Remove(name);
            foreach (AttributeProto scale in like.Attribute.Where(a => a.Name is "alpha" or "beta"))
                scale.F = Math.Abs(scale.F);
            if (node.OpType == "FusedGemm")
                (like.OpType, like.Domain) = ("Gemm", "");
        }
        return Like(like, 0, [.. node.Input.Select((input, i) => input.Length == 0 || i >= terms ? input : Magnitude(input))]);
    }

    private string Magnitude(string value) =>
        _terms.TryGetValue("|" + value, out string? known) ? known! : (_terms["|" + value] = Node("Abs", [value]))!;

    /// <summary>A node like another with other inputs; gives the name of one of its outputs.</summary>
    private string Like(NodeProto node, int output, IReadOnlyList<string> inputs)
    {
        NodeProto copy = new() { OpType = node.OpType, Domain = node.Domain };
        copy.Attribute.Add(node.Attribute);
        copy.Input.Add(inputs);
        copy.Output.Add(node.Output.Select(o => o.Length > 0 ? NewName() : ""));
        _graph.Node.Add(copy);
        return copy.Output[output];
    }

    private string Node(string opType, IReadOnlyList<string> inputs)
    {
        NodeProto node = new() { OpType = opType };
        node.Input.Add(inputs);
        node.Output.Add(NewName());
        _graph.Node.Add(node);
        return node.Output[0];
    }

    private string NewName()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"terms{_names.Count}");
        while (!_names.Add(name))
            name += "_";
        return name;
    }
}
