using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// Finds out how large an integer input may be, where the graph shows that it is used as an index: a token id that looks up a row of a
/// table may not exceed the table. Follows the input through operators that keep values, into subgraphs too.
/// </summary>
internal static class IndexRanges
{
    private const int MaxDepth = 64;

    /// <summary>For each graph input that is used as an index into tables of known size: the least such size.</summary>
    public static Dictionary<string, long> Of(GraphProto graph)
    {
        Dictionary<string, long> ranges = new(StringComparer.Ordinal);
        Dictionary<string, HashSet<string>> roots = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
            roots[input.Name] = [input.Name];
        Visit(graph, new(StringComparer.Ordinal), roots, ranges, 0);
        return ranges;
    }

    private static void Visit(
        GraphProto graph, Dictionary<string, TensorProto> outerTables, Dictionary<string, HashSet<string>> roots,
        Dictionary<string, long> ranges, int depth)
    {
        if (depth > MaxDepth)
            return;
        Dictionary<string, TensorProto> tables = new(outerTables, StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
            tables[initializer.Name] = initializer;
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } constant)
                tables[node.Output[0]] = constant;
        }
        // Several sweeps, since the file may list nodes in any order.
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (NodeProto node in graph.Node)
                changed |= Follow(node, roots);
        }
        foreach (NodeProto node in graph.Node)
        {
            if (node.Input.Count == 2 && OperatorTable.Of(node).Roles.PositionOf(InputRole.Indices) == 1
                && tables.TryGetValue(node.Input[0], out TensorProto? table) && roots.TryGetValue(node.Input[1], out HashSet<string>? inputs))
            {
                long axis = node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0;
                int position = (int)(axis < 0 ? axis + table.Dims.Count : axis);
                if (position < 0 || position >= table.Dims.Count)
                    continue;
                foreach (string input in inputs)
                    ranges[input] = Math.Min(ranges.GetValueOrDefault(input, long.MaxValue), table.Dims[position]);
            }
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
                Visit(subgraph, tables, new(roots, StringComparer.Ordinal), ranges, depth + 1);
        }
    }

    /// <summary>Passes the inputs behind a node's first input on to its first output, if the node keeps values.</summary>
    private static bool Follow(NodeProto node, Dictionary<string, HashSet<string>> roots)
    {
        if (!node.PassesValues() || node.Input.Count == 0 || node.Output.Count == 0 || !roots.TryGetValue(node.Input[0], out HashSet<string>? inputs))
            return false;
        if (!roots.TryGetValue(node.Output[0], out HashSet<string>? passed))
            roots[node.Output[0]] = passed = [];
        int before = passed.Count;
        passed.UnionWith(inputs);
        return passed.Count != before;
    }
}
