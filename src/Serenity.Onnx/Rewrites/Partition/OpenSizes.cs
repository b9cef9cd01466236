using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Sizes that follow from those of the model's inputs, computed in each run by a few nodes on vectors of one number.</summary>
internal sealed class OpenSizes
{
    private readonly PartitionGraph _graph;
    private readonly PieceNodes _nodes;
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly SizeFormulas? _formulas;
    private readonly SizeSyntax _syntax;

    /// <summary>Begins with none.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="nodes">The model that is being written.</param>
    public OpenSizes(PartitionGraph graph, PieceNodes nodes)
    {
        (_graph, _nodes, _formulas) = (graph, nodes, graph.Shapes.Formulas);
        _syntax = new SizeSyntax(Dimension, nodes.Number, (a, b) => Node("Div", a, b), (a, b) => Node("Max", a, b), (a, b) => Node("Min", a, b)) { Terms = Sum };
    }

    /// <summary>The name of a size; nodes are added the first time that it is asked for.</summary>
    /// <param name="size">The size.</param>
    /// <param name="value">A value that is there.</param>
    /// <param name="axis">An axis of it: where that is the size, it is asked.</param>
    /// <param name="prefix">What to name nodes by.</param>
    public string Of(SizeExpression size, string value, int axis, string prefix) =>
        _graph.Values.OpenDims(value)?[axis].Equals(size) == true ? SizeOf(value, axis, prefix) : size.In(_syntax, _formulas!.Space);

    private string Dimension(string name)
    {
        if (_known.TryGetValue(name, out string? known))
            return known;
        SizeExpression symbol = SizeExpression.Symbol(name);
        (string input, int axis) = _graph.Model.Graph.Input.Select(i => (i.Name, Axis: Array.FindIndex(_formulas!.Find(i.Name) ?? [], size => size.Equals(symbol)))).First(i => i.Axis >= 0);
        return _known[name] = SizeOf(input, axis, $"{input}/{name}");
    }

    /// <summary>The size of an axis, as a vector of one number.</summary>
    private string SizeOf(string value, int axis, string prefix)
    {
        NodeProto shape = new() { OpType = "Shape", Input = { value } };
        // From where on Shape gives a part.
        if (_nodes.Opset >= 15)
        {
            shape.Set("start", axis);
            shape.Set("end", axis + 1);
            return _nodes.AddNumbers(shape, $"{prefix}/size", [1])[0];
        }
        string sizes = _nodes.AddNumbers(shape, $"{prefix}/sizes", [_nodes.Rank(value)])[0];
        return _nodes.AddNumbers(new NodeProto { OpType = "Gather", Input = { sizes, _nodes.Number(axis) } }, $"{prefix}/size", [1])[0];
    }

    private string Sum(IEnumerable<(long Factor, IReadOnlyList<string> Atoms)> terms)
    {
        string? sum = null;
        foreach ((long factor, IReadOnlyList<string> atoms) in terms)
        {
            string? product = atoms.Count == 0 ? null : atoms.Aggregate((a, b) => Node("Mul", a, b));
            string term = product is null ? _nodes.Number(factor) : factor == 1 ? product : Node("Mul", product, _nodes.Number(factor));
            sum = sum is null ? term : Node("Add", sum, term);
        }
        return sum ?? _nodes.Number(0);
    }

    private string Node(string op, string a, string b)
    {
        string key = $"{op}({a}, {b})";
        if (!_known.TryGetValue(key, out string? known))
            _known.Add(key, known = _nodes.AddNumbers(new NodeProto { OpType = op, Input = { a, b } }, $"sizes/{op}", [1])[0]);
        return known;
    }
}
