using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>What flows into subgraphs, and for loops what comes out.</summary>
internal sealed class SubgraphInference
{
    /// <summary>Rounds of a loop that are looked at one by one; each is a question to ONNX Runtime, of milliseconds.</summary>
    private const long MostRounds = 512;

    private readonly GraphInference _inference;
    private readonly long _opset;

    public SubgraphInference(GraphInference inference, ModelProto model)
    {
        _inference = inference;
        _opset = OperatorDomain.OpsetOf(model);
    }

    /// <summary>Infers the subgraphs of a node and records their tables.</summary>
    public void Record(NodeProto node, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants)
    {
        foreach ((SubgraphKey key, GraphProto graph) in ModelShapes.SubgraphsOf(node))
        {
            if (node.Kind() == OperatorKind.Loop && node.Input.Count >= 2)
                LoopBody(node, key, graph, facts, constants);
            else if (node.Kind() == OperatorKind.Scan && _opset >= 9)
                Infer(key, graph, ScanInputs(node, graph, facts), facts, constants);
            else
                Infer(key, graph, DeclaredInputs(graph), facts, constants);
        }
    }

    /// <summary>The types that an output of an If may have: that of each branch, and the larger of both. Null where one is not known, or they have no common rank.</summary>
    public SizeAssumption? BranchOutput(NodeProto node, int output, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants)
    {
        List<TensorType> types = [];
        foreach ((SubgraphKey key, GraphProto branch) in ModelShapes.SubgraphsOf(node))
        {
            if (output >= branch.Output.Count)
                return null;
            TensorType? Type() => Infer(key, branch, DeclaredInputs(branch), facts, constants)?.GetValueOrDefault(branch.Output[output].Name)?.Type;
            // What a branch makes of data it gives at most; what it holds meanwhile is measured.
            if ((Type() ?? _inference.AtMost(branch, Type)) is not { } type)
                return null;
            types.Add(type);
        }
        if (types.Count != 2 || types[0].ElementType != types[1].ElementType || types[0].Dims.Length != types[1].Dims.Length)
            return null;
        TensorType most = types[0] with { Dims = [.. types[0].Dims.Zip(types[1].Dims, Math.Max)] };
        return new SizeAssumption(most, types, SizeOrigin.Rule);
    }

    /// <summary>Types of a loop's outputs, by output name, as far as they are proven.</summary>
    /// <param name="node">The loop.</param>
    /// <param name="facts">What is known of outer values.</param>
    /// <param name="constants">Outer constants.</param>
    /// <param name="atMost">True to give what is collected in as many rounds as the loop can run, where it may run fewer.</param>
    public IEnumerable<(string Output, ValueFact Fact)> LoopOutputs(
        NodeProto node, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants, bool atMost = false)
    {
        if (node.Input.Count < 2 || ModelShapes.SubgraphsOf(node).FirstOrDefault() is not { Graph: { } body } at)
            yield break;
        (ValueFact[] states, Dictionary<string, ValueFact>? inner) = LoopBody(node, at.Key, body, facts, constants);
        for (int i = 0; i < node.Output.Count; i++)
        {
            if (node.Output[i].Length == 0)
                continue;
            if (i < states.Length)
                yield return (node.Output[i], states[i]);
            else if (inner is not null && i + 1 < body.Output.Count && inner.TryGetValue(body.Output[i + 1].Name, out ValueFact? element)
                && element.Type is { } type
                && (atMost ? LoopTripCount.Most(node, constants.GetValueOrDefault) : LoopTripCount.Exact(node, body, constants.GetValueOrDefault)) is { } trips)
                yield return (node.Output[i], ValueFact.Tensor(type.ElementType, [trips, .. type.Dims]));
        }
    }

    /// <summary>
    /// The most that a state of a loop of a limited number of rounds comes to, as what was said so far grows by a token each round: its types round by round. Null where a round does not tell the
    /// type that it leaves, or there are too many.
    /// </summary>
    public SizeAssumption? GrownState(NodeProto node, int state, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants)
    {
        if (node.Input.Count < 3 || ModelShapes.SubgraphsOf(node).FirstOrDefault() is not { Graph: { } body } at || body.Input.Count != node.Input.Count || body.Output.Count < node.Input.Count - 1
            || LoopTripCount.Most(node, constants.GetValueOrDefault) is not (<= MostRounds and var rounds))
            return null;
        ValueFact?[] states = [.. node.Input.Skip(2).Select(facts.GetValueOrDefault)];
        if (states[state]?.Type is not { } first)
            return null;
        long[] most = [.. first.Dims];
        bool[] varies = new bool[most.Length];
        for (long round = 0; round < rounds; round++)
        {
            Dictionary<string, ValueFact> inputs = DeclaredInputs(body);
            inputs[body.Input[0].Name] = Scalar(body.Input[0], DataType.Int64);
            inputs[body.Input[1].Name] = Scalar(body.Input[1], DataType.Bool);
            for (int i = 0; i < states.Length; i++)
            {
                if (states[i] is null)
                    return null;
                inputs[body.Input[i + 2].Name] = states[i]!;
            }
            if (Infer(at.Key, body, inputs, facts, constants) is not { } inner)
                return null;
            ValueFact?[] after = [.. states.Select((_, i) => inner.GetValueOrDefault(body.Output[i + 1].Name))];
            if (after[state]?.Type is not { } type || type.ElementType != first.ElementType || type.Dims.Length != most.Length)
                return null;
            for (int d = 0; d < most.Length; d++)
            {
                varies[d] |= type.Dims[d] != first.Dims[d];
                most[d] = Math.Max(most[d], type.Dims[d]);
            }
            // Nothing changes any more.
            if (states.Zip(after).All(s => s.First!.Type is { } before && before.Equals(s.Second?.Type)))
                break;
            states = after;
        }
        return SizeAssumption.UpTo(first with { Dims = most }, varies, SizeOrigin.Rule);
    }

    // A state that leaves the body with the type it came in with has that type in every round, by induction. One that does not is
    // opened, and the others are tried again, since they may depend on it.
    private (ValueFact[] States, Dictionary<string, ValueFact>? Inner) LoopBody(
        NodeProto node, SubgraphKey key, GraphProto body, Dictionary<string, ValueFact> facts, Dictionary<string, TensorProto> constants)
    {
        ValueFact[] states = [.. node.Input.Skip(2).Select(i => facts.GetValueOrDefault(i) ?? new ValueFact(new TypeProto(), null))];
        if (body.Input.Count != states.Length + 2 || body.Output.Count < states.Length + 1)
        {
            Forget(key, body);
            return ([.. states.Select(s => s with { Type = null })], null);
        }
        while (true)
        {
            Dictionary<string, ValueFact> inputs = DeclaredInputs(body);
            inputs[body.Input[0].Name] = Scalar(body.Input[0], DataType.Int64);
            inputs[body.Input[1].Name] = Scalar(body.Input[1], DataType.Bool);
            for (int i = 0; i < states.Length; i++)
                inputs[body.Input[i + 2].Name] = states[i];
            Dictionary<string, ValueFact>? inner = Infer(key, body, inputs, facts, constants);
            bool stable = true;
            for (int i = 0; i < states.Length; i++)
            {
                ValueFact? after = inner?.GetValueOrDefault(body.Output[i + 1].Name);
                if (states[i].IsOpaque || states[i].Type is not { } before || before.Equals(after?.Type))
                    continue;
                TypeProto open = states[i].Proto.Clone();
                open.TensorType.Shape = null;
                states[i] = new ValueFact(open, null);
                stable = false;
            }
            if (stable)
                return (states, inner);
        }
    }

    // ONNX Runtime gives the counter and the condition the rank that the body asks for.
    private static ValueFact Scalar(ValueInfoProto input, DataType type) =>
        input.Type?.TensorType?.Shape?.Dim.Count == 1 ? ValueFact.Tensor(type, 1) : ValueFact.Tensor(type);

    private static Dictionary<string, ValueFact> DeclaredInputs(GraphProto graph)
    {
        Dictionary<string, ValueFact> inputs = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
            inputs[input.Name] = ValueFact.Declared(input.Type?.Clone() ?? new TypeProto());
        return inputs;
    }

    // States come in as they are, the others one slice at a time.
    private static Dictionary<string, ValueFact> ScanInputs(NodeProto node, GraphProto body, Dictionary<string, ValueFact> facts)
    {
        Dictionary<string, ValueFact> inputs = DeclaredInputs(body);
        int scans = (int)(node.Attribute.FirstOrDefault(a => a.Name == "num_scan_inputs")?.I ?? 0);
        Google.Protobuf.Collections.RepeatedField<long> axes = node.Attribute.FirstOrDefault(a => a.Name == "scan_input_axes")?.Ints ?? [];
        for (int i = 0; i < Math.Min(node.Input.Count, body.Input.Count); i++)
        {
            if (!facts.TryGetValue(node.Input[i], out ValueFact? fact) || fact.Type is not { } type)
                continue;
            int scan = i - (node.Input.Count - scans);
            if (scan < 0)
            {
                inputs[body.Input[i].Name] = fact;
                continue;
            }
            long axis = scan < axes.Count ? axes[scan] : 0;
            axis += axis < 0 ? type.Dims.Length : 0;
            if (axis >= 0 && axis < type.Dims.Length)
                inputs[body.Input[i].Name] = ValueFact.Tensor(type.ElementType, [.. type.Dims.Where((_, d) => d != axis)]);
        }
        return inputs;
    }

    private Dictionary<string, ValueFact>? Infer(
        SubgraphKey key, GraphProto graph, Dictionary<string, ValueFact> inputs, Dictionary<string, ValueFact> outer, Dictionary<string, TensorProto> constants)
    {
        HashSet<string> captured = new(SubgraphCaptures.Of(graph), StringComparer.Ordinal);
        Dictionary<string, TensorProto> visible = new(StringComparer.Ordinal);
        foreach (string name in captured)
        {
            if (constants.TryGetValue(name, out TensorProto? tensor))
                visible.Add(name, Renamed(tensor, name));
            if (outer.TryGetValue(name, out ValueFact? fact))
                inputs.TryAdd(name, fact);
        }
        Dictionary<string, ValueFact> facts;
        try
        {
            facts = _inference.Infer(graph, inputs, visible);
        }
        catch (OnnxRuntimeException e)
        {
            Forget(key, graph);
            _inference.Refused[key] = RuntimeMessage.Plain(e);
            return null;
        }
        _inference.Refused.Remove(key);
        if (ShapeInference.FirstUnknown(graph, facts) is { } unknown)
        {
            _inference.Subgraphs.Remove(key);
            _inference.Unknown[key] = unknown;
        }
        else
        {
            _inference.Unknown.Remove(key);
            _inference.Subgraphs[key] = ShapeInference.Table(facts);
        }
        return facts;
    }

    private void Forget(SubgraphKey key, GraphProto graph)
    {
        _inference.Subgraphs.Remove(key);
        _inference.Unknown[key] = graph.Node.SelectMany(n => n.Output).FirstOrDefault(o => o.Length > 0) ?? "";
    }

    // The value of a Constant node has no name of its own.
    private static TensorProto Renamed(TensorProto tensor, string name)
    {
        if (tensor.Name == name)
            return tensor;
        TensorProto named = tensor.Clone();
        named.Name = name;
        return named;
    }
}
