using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// Which nodes of a graph can be run row by row, and along which axis each value is cut: rows of an image, tokens. A value has one such axis, whoever reads it, so that rows that were
/// made once serve all.
/// </summary>
internal sealed class RowRules
{
    private readonly PartitionGraph _graph;
    private readonly bool _exact;
    private readonly HashSet<string> _rounded;
    private readonly bool[] _onePiece;

    /// <summary>Finds them, from the last node to the first: who reads a value says along which axis.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="exact">Only nodes of which a single row rounds as the whole does. Of what is rounded to steps further on, as quantized values are, these alone are taken in any case: see
    /// <see cref="RoundedValues"/>.</param>
    public RowRules(PartitionGraph graph, bool exact)
    {
        (_graph, _exact) = (graph, exact);
        _rounded = exact ? [] : RoundedValues.Of(graph.Nodes, name => graph.Values.TypeOf(name)?.ElementType);
        Sharing = (IArenaSharing)graph.Sharing;
        IsView = Array.ConvertAll(graph.Nodes, Sharing.IsView);
        Of = new NodeRegion?[graph.Nodes.Length];
        Axis = new int[graph.ValueCount];
        Array.Fill(Axis, -1);
        _onePiece = OnePiece(graph);
        for (int p = graph.Nodes.Length - 1; p >= 0; p--)
        {
            if (graph.Outputs[p] is not [>= 0 and int output, ..])
                continue;
            foreach (int axis in Axis[output] >= 0 ? [Axis[output]] : Candidates(graph.Dims[output].Length))
            {
                if (graph.Rule(p, axis) is not { } rule || !Fits(p, rule))
                    continue;
                Take(p, rule);
                break;
            }
        }
    }

    /// <summary>The rule of each node that can be run row by row; null for the others, which are run whole.</summary>
    public NodeRegion?[] Of { get; }

    /// <summary>The axis along which each value is made or read in rows; -1 for a value that never is.</summary>
    public int[] Axis { get; }

    /// <summary>What nodes share in the arena.</summary>
    public IArenaSharing Sharing { get; }

    /// <summary>True for nodes that make nothing: what they give is read where it lies.</summary>
    public bool[] IsView { get; }

    /// <summary>Rows of images; tokens; rows of a matrix.</summary>
    private static int[] Candidates(int rank) => rank switch { >= 4 => [2], 3 => [1, 2], 2 => [0], _ => [] };

    private bool Fits(int node, NodeRegion rule)
    {
        // What makes more than it is asked for leaves rows behind that nobody reads.
        if (_graph.IsHalf[node] || rule.Multiple != 1 || rule.Makes is not null || (_exact || IsRounded(node)) && rule.Stable?.Invoke(new Interval(0, 1)) == false)
            return false;
        for (int k = 0; k < _graph.Outputs[node].Length; k++)
        {
            int output = _graph.Outputs[node][k];
            if (output >= 0 && (_onePiece[output] || Axis[output] >= 0 && Axis[output] != rule.OutputAxes[k]))
                return false;
        }
        bool reads = false;
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            int input = _graph.Inputs[node][i];
            if (input < 0 || !rule.Inputs[i].IsCut)
                continue;
            if (IsConstant(input))
            {
                if (!_graph.Values.CanCut(_graph.Name(input)))
                    return false;
                continue;
            }
            if (Axis[input] >= 0 && Axis[input] != rule.Inputs[i].Axis)
                return false;
            reads = true;
        }
        return reads;
    }

    private bool IsRounded(int node) => _rounded.Count > 0 && Array.Exists(_graph.Outputs[node], output => output >= 0 && _rounded.Contains(_graph.Name(output)));

    private void Take(int node, NodeRegion rule)
    {
        Of[node] = rule;
        for (int k = 0; k < _graph.Outputs[node].Length; k++)
        {
            if (_graph.Outputs[node][k] is >= 0 and int output)
                Axis[output] = rule.OutputAxes[k];
        }
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (_graph.Inputs[node][i] is >= 0 and int input && rule.Inputs[i].IsCut && !IsConstant(input))
                Axis[input] = rule.Inputs[i].Axis;
        }
    }

    /// <summary>True for a weight or a constant.</summary>
    public bool IsConstant(int value) => _graph.Values.Constant(_graph.Name(value)) is not null;

    /// <summary>Graph outputs, and what they are other names or views of: these lie in one piece, and rows of several channels do not.</summary>
    private static bool[] OnePiece(PartitionGraph graph)
    {
        bool[] one = (bool[])graph.IsOutput.Clone();
        for (int p = graph.Nodes.Length - 1; p >= 0; p--)
        {
            for (int k = 0; k < graph.Outputs[p].Length; k++)
            {
                if (graph.Outputs[p][k] is not (>= 0 and int output) || !one[output])
                    continue;
                if (graph.Nodes[p].IsConcat())
                {
                    foreach (int input in graph.Inputs[p].Where(input => input >= 0))
                        one[input] = true;
                }
                else if (graph.Sharing.AliasedInput(graph.Nodes[p], k) is >= 0 and int from && graph.Inputs[p][from] >= 0)
                {
                    one[graph.Inputs[p][from]] = true;
                }
            }
        }
        return one;
    }
}
