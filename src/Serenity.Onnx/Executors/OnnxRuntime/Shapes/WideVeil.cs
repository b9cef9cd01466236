using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>
/// Hides the shapes of all activations at once. What is computed of a hidden value is hidden as well, so that takes a node only where the first of them is made; and none where
/// the shape of what a node makes is said by a constant, as for a Slice or a Reshape: there the constant comes out of an Identity, one for all nodes that read it.
/// </summary>
internal sealed class WideVeil
{
    private readonly OrtGraph _graph;
    private readonly ShapeTable _shapes;
    private readonly AllocationPlan _wanted;
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly int[] _hidden;
    private readonly bool[] _opaque;
    private readonly HashSet<(int Node, int Input)> _inputs = [], _computed = [];

    private WideVeil(OrtGraph graph, ShapeTable shapes, AllocationPlan wanted)
    {
        (_graph, _shapes, _wanted) = (graph, shapes, wanted);
        _hidden = new int[graph.ValueCount];
        _opaque = new bool[graph.ValueCount];
        foreach (TensorProto tensor in graph.Graph.Initializer)
            _constants[tensor.Name] = tensor;
    }

    /// <summary>The veil for one order.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">True shapes of all its values.</param>
    /// <param name="wanted">The buffers that are wanted in that order.</param>
    /// <param name="isShapeValue">True for integers that shapes are computed with, which stay known.</param>
    /// <param name="known">What ONNX Runtime knew behind veils before.</param>
    public static VeilDrawing Of(OrtGraph graph, ShapeTable shapes, AllocationPlan wanted, Func<int, bool> isShapeValue, VeilKnowledge known)
    {
        WideVeil veil = new(graph, shapes, wanted);
        Dictionary<int, bool[]> stated = [];
        int next = 1;
        foreach (int node in wanted.Order)
            veil.Add(node, isShapeValue, known, ref next, stated);
        return new VeilDrawing(veil._hidden, veil._inputs) { Computed = veil._computed, Stated = stated };
    }

    private void Add(int node, Func<int, bool> isShapeValue, VeilKnowledge before, ref int next, Dictionary<int, bool[]> stated)
    {
        ReadOnlySpan<int> inputs = _graph.Inputs(node), outputs = _graph.Outputs(node);
        KernelRule rule = KernelRules.Find(_graph.Node(node));
        bool hides = false, known = false;
        for (int k = 0; k < outputs.Length; k++)
        {
            if (outputs[k] is < 0 || _graph.IsGraphOutput(outputs[k]) || !_shapes.IsExact(_graph.Name(outputs[k])) || isShapeValue(outputs[k]) || before.Times(outputs[k]) > 1)
                continue;
            int symbol = _hidden[outputs[k]] = SymbolOf(rule, k, inputs, outputs[k], ref next);
            hides |= symbol != 0;
            known |= before.Times(outputs[k]) > 0;
            if (before.Dims(outputs[k]) is { } dims)
                stated.TryAdd(symbol, dims);
        }
        if (!hides)
            return;
        bool opaque;
        // Part of a hidden value is hidden by what it is part of; a shape that is given in full is not.
        bool inherits = !known && rule.AliasedInput(0) < 0 && inputs.Length > 0 && inputs[0] >= 0 && _opaque[inputs[0]];
        if (!inherits && ShapeConstant(node) is >= 0 and int at)
            opaque = _computed.Add((node, at));
        else if (rule.AliasedInput(0) is >= 0 and int aliased)
            opaque = aliased < inputs.Length && inputs[aliased] >= 0 && _opaque[inputs[aliased]];
        else
            opaque = TryHideInputs(node, inputs, known, isShapeValue);
        foreach (int value in outputs)
        {
            if (value >= 0 && _hidden[value] != 0)
                _opaque[value] = opaque;
        }
    }

    /// <summary>A symbol of its own, or that of the input in whose buffer the output lies; 0 where that input's shape stays known.</summary>
    private int SymbolOf(KernelRule rule, int output, ReadOnlySpan<int> inputs, int value, ref int next)
    {
        int buffer = _wanted.BufferOf[value];
        if (rule.AliasedInput(output) < 0 && (buffer < 0 || _wanted.Buffers[buffer].Owner != value))
        {
            foreach (BufferShare share in rule.InPlace)
            {
                if (share.Output == output && share.Input < inputs.Length && inputs[share.Input] is >= 0 and int input && _wanted.BufferOf[input] == buffer)
                    return _hidden[input];
            }
        }
        return next++;
    }

    /// <summary>Where no input's shape is known, nothing is added; else those are read through the veil.</summary>
    private bool TryHideInputs(int node, ReadOnlySpan<int> inputs, bool all, Func<int, bool> isShapeValue)
    {
        bool any = false, broadcasts = _graph.Node(node).Kind() == OperatorKind.Broadcast;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] < 0 || isShapeValue(inputs[i]))
                continue;
            // A weight tells nothing of the rest, unless it is spread over it. Others are laid out anew as a session is loaded, and have to stay weights for that.
            if (_graph.IsWeight(inputs[i]) && !(all && broadcasts))
                continue;
            any = true;
            if (all || !_opaque[inputs[i]])
                _inputs.Add((node, i));
        }
        return any;
    }

    /// <summary>The position of a constant that says which shape a node makes; -1 if there is none.</summary>
    private int ShapeConstant(int node)
    {
        Operator entry = OperatorTable.Of(_graph.Node(node));
        int[] positions = entry.Has(OperatorTraits.ReadsWhatItGives) ? [3, 1] : entry.Kind is OperatorKind.View or OperatorKind.Movement ? [entry.Roles.PositionOf(InputRole.Sizes)] : [];
        int rank = _shapes.Find(_graph.Name(_graph.Outputs(node)[0]))?.Dims.Length ?? -1;
        foreach (int position in positions)
        {
            if (position < 1 || position >= _graph.Inputs(node).Length || !_constants.TryGetValue(_graph.Node(node).Input[position], out TensorProto? constant) || constant.Dims is not [long length])
                continue;
            // A number for each dimension: else it says no shape, but where dimensions are added.
            if (entry.Has(OperatorTraits.ReadsWhatItGives) || length == rank)
                return position;
        }
        return -1;
    }
}
