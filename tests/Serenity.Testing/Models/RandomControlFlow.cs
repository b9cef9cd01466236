using System.Globalization;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Random small models with If, Loop and Scan, nested ones too: branches chosen by constants and by inputs, loops of known and unknown
/// length, states that are computed, handed on and swapped, outputs that collect, axes of all kinds, shapes stated, left out and
/// hidden. Every value is a float matrix; all sizes are fixed.
/// </summary>
public sealed class RandomControlFlow
{
    private readonly TestRandom _random;
    private int _bodies;

    private RandomControlFlow(ulong seed) => _random = new TestRandom(seed);

    /// <summary>Makes a model.</summary>
    /// <param name="seed">Same seed, same model.</param>
    public static ModelProto Create(ulong seed)
    {
        RandomControlFlow maker = new(seed);
        OnnxModelBuilder model = new("control_flow", opset: 17);
        model.Input("flag", DataType.Bool);
        List<Value> values = [];
        for (int i = 0; i < 2; i++)
        {
            long[] dims = maker.Shape();
            string name = model.Input(string.Create(CultureInfo.InvariantCulture, $"x{i}"), DataType.Float, dims);
            values.Add(new Value(model.Node("Exp", [name]), dims));
        }
        maker.Grow(model, values, 6 + maker._random.Next(10), depth: 0);
        foreach (Value value in values.Skip(2).Where((_, i) => i % 3 == 0).Append(values[^1]).Distinct())
            model.Output(value.Name, DataType.Float, value.Dims);
        return model.Build();
    }

    private long[] Shape() => [1 + _random.Next(3), 16 * (1 + _random.Next(3))];

    private Value Pick(List<Value> values) => values[_random.Next(values.Count)];

    private void Grow(OnnxModelBuilder graph, List<Value> values, int nodes, int depth)
    {
        for (int i = 0; i < nodes; i++)
        {
            int kind = _random.Next(depth == 0 ? 12 : depth == 1 ? 9 : 8);
            if (kind == 8 || kind == 10)
                Loop(graph, values, depth);
            else if (kind == 9)
                Scan(graph, values, depth);
            else if (kind == 11)
                If(graph, values, depth);
            else
                values.Add(Compute(graph, values));
        }
    }

    private Value Compute(OnnxModelBuilder graph, List<Value> values)
    {
        Value a = Pick(values);
        switch (_random.Next(8))
        {
            case 0:
                return new Value(graph.Node("Concat", [a.Name, a.Name], ("axis", 0)), [2 * a.Dims[0], a.Dims[1]]);
            case 1:
                return new Value(graph.Node("ReduceMax", [a.Name], ("axes", new long[] { 0 })), [1, a.Dims[1]]);
            case 2:
                return new Value(graph.Node("Transpose", [a.Name], ("perm", new long[] { 1, 0 })), [a.Dims[1], a.Dims[0]]);
            case 3:
                Value[] same = [.. values.Where(v => v.Dims.SequenceEqual(a.Dims))];
                return new Value(graph.Node("Add", [a.Name, same[_random.Next(same.Length)].Name]), a.Dims);
            case 4:
                return Hidden(graph, a);
            default:
                return new Value(graph.Node(((string[])["Neg", "Relu", "Softmax", "Sigmoid", "Abs"])[_random.Next(5)], [a.Name]), a.Dims);
        }
    }

    /// <summary>The same value with a shape that cannot be inferred.</summary>
    private static Value Hidden(OnnxModelBuilder graph, Value value) =>
        new(graph.Node("Neg", [graph.Node("Reshape", [value.Name, graph.Node("Identity", [graph.Integers(0, 0)])])]), value.Dims);

    /// <summary>A value of a wanted shape, made in a body.</summary>
    private Value OfShape(OnnxModelBuilder graph, List<Value> values, long[] dims)
    {
        Value[] fits = [.. values.Where(v => v.Dims.SequenceEqual(dims))];
        if (fits.Length == 0)
            return new Value(graph.Node("Neg", [graph.Weight(new float[dims[0] * dims[1]], dims)]), dims);
        Value from = fits[_random.Next(fits.Length)];
        return _random.Next(4) switch
        {
            0 => new Value(graph.Node("Identity", [from.Name]), dims),
            1 => Hidden(graph, from),
            _ => new Value(graph.Node("Neg", [from.Name]), dims),
        };
    }

    private OnnxModelBuilder Body(out string prefix)
    {
        prefix = string.Create(CultureInfo.InvariantCulture, $"b{_bodies++}_");
        return new OnnxModelBuilder(prefix + "body", opset: 17, prefix: prefix);
    }

    private string Condition(OnnxModelBuilder graph) => _random.Next(3) switch
    {
        0 => "flag",
        int other => graph.Add(OnnxModelBuilder.Tensor(
            string.Create(CultureInfo.InvariantCulture, $"cond{_bodies++}"), DataType.Bool, [(byte)(other - 1)])),
    };

    /// <summary>States the shape of a body's output, or leaves it open.</summary>
    private void Output(OnnxModelBuilder body, string name, params long[] dims) => body.Output(name, DataType.Float, _random.Next(2) == 0 ? dims : null);

    private void If(OnnxModelBuilder graph, List<Value> values, int depth)
    {
        long[][] shapes = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => _random.Next(2) == 0 ? Pick(values).Dims : Shape())];
        GraphProto Branch()
        {
            OnnxModelBuilder body = Body(out _);
            List<Value> inner = [.. values];
            Grow(body, inner, _random.Next(6), depth + 1);
            foreach (long[] dims in shapes)
                Output(body, OfShape(body, inner, dims).Name, dims);
            return body.Subgraph();
        }
        string condition = Condition(graph);
        string[] outputs = graph.Nodes("If", [condition], shapes.Length, ("then_branch", Branch()), ("else_branch", Branch()));
        for (int k = 0; k < outputs.Length; k++)
            values.Add(new Value(outputs[k], shapes[k]));
    }

    private void Loop(OnnxModelBuilder graph, List<Value> values, int depth)
    {
        Value[] states = [.. Enumerable.Range(0, _random.Next(4)).Select(_ => Pick(values))];
        bool known = _random.Next(3) > 0;
        long[][] collected = [.. Enumerable.Range(0, known ? _random.Next(3) : states.Length == 0 ? 1 : 0).Select(_ => Shape())];
        known |= collected.Length > 0;
        if (states.Length + collected.Length == 0)
            collected = [Shape()];

        OnnxModelBuilder body = Body(out string prefix);
        body.Input(prefix + "round", DataType.Int64, []);
        body.Input(prefix + "go", DataType.Bool, []);
        List<Value> inner = [.. values], own = [];
        foreach (Value state in states)
        {
            string name = body.Input(prefix + "s" + own.Count.ToString(CultureInfo.InvariantCulture), DataType.Float, _random.Next(2) == 0 ? state.Dims : null);
            own.Add(new Value(name, state.Dims));
        }
        inner.AddRange(own);
        Grow(body, inner, _random.Next(6), depth + 1);
        string go = known ? body.Node("Identity", [prefix + "go"]) : body.Node("And", [prefix + "go", "flag"]);
        body.Output(go, DataType.Bool, []);
        foreach (Value state in states)
        {
            Value[] swaps = [.. own.Where(v => v.Dims.SequenceEqual(state.Dims))];
            string next = _random.Next(3) == 0 && swaps.Length > 0
                ? body.Node("Identity", [swaps[_random.Next(swaps.Length)].Name])
                : OfShape(body, inner, state.Dims).Name;
            Output(body, next, state.Dims);
        }
        foreach (long[] dims in collected)
            Output(body, OfShape(body, inner, dims).Name, dims);

        long rounds = _random.Next(7);
        string trips = graph.Add(OnnxModelBuilder.Tensor(prefix + "trips", DataType.Int64, BitConverter.GetBytes(rounds)));
        string start = known ? graph.Add(OnnxModelBuilder.Tensor(prefix + "start", DataType.Bool, [1])) : "flag";
        string[] outputs = graph.Nodes("Loop", [trips, start, .. states.Select(s => s.Name)], states.Length + collected.Length, ("body", body.Subgraph()));
        for (int k = 0; k < states.Length; k++)
            values.Add(new Value(outputs[k], states[k].Dims));
        for (int k = 0; k < collected.Length && rounds > 0; k++)
        {
            long[] dims = collected[k];
            string flat = graph.Node("Reshape", [outputs[states.Length + k], graph.Integers(rounds * dims[0], dims[1])]);
            values.Add(new Value(graph.Node("Relu", [flat]), [rounds * dims[0], dims[1]]));
        }
    }

    private void Scan(OnnxModelBuilder graph, List<Value> values, int depth)
    {
        Value[] states = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => Pick(values))];
        Value first = Pick(values);
        Value[] cut = [first, .. values.Where(v => v.Dims.SequenceEqual(first.Dims)).Take(_random.Next(2))];
        int axis = _random.Next(2);
        long rounds = first.Dims[axis], length = first.Dims[1 - axis];

        OnnxModelBuilder body = Body(out string prefix);
        List<Value> inner = [];
        foreach (Value state in states)
            inner.Add(new Value(body.Input(prefix + "s" + inner.Count.ToString(CultureInfo.InvariantCulture), DataType.Float, state.Dims), state.Dims));
        for (int i = 0; i < cut.Length; i++)
        {
            string name = body.Input(string.Create(CultureInfo.InvariantCulture, $"{prefix}c{i}"), DataType.Float, _random.Next(2) == 0 ? [length] : null);
            inner.Add(new Value(body.Node("Unsqueeze", [name, body.Integers(0)]), [1, length]));
        }
        Grow(body, inner, _random.Next(5), depth + 1);
        foreach (Value state in states)
            body.Output(OfShape(body, inner, state.Dims).Name, DataType.Float, state.Dims);
        Value[] made = [.. Enumerable.Range(0, 1 + _random.Next(2)).Select(_ => OfShape(body, inner, Pick(inner).Dims))];
        foreach (Value value in made)
            body.Output(value.Name, DataType.Float, value.Dims);

        long[] outAxes = [.. made.Select(_ => (long)_random.Next(3))];
        string[] outputs = graph.Nodes("Scan", [.. states.Select(s => s.Name), .. cut.Select(c => c.Name)], states.Length + made.Length,
            ("num_scan_inputs", (long)cut.Length), ("scan_input_axes", Enumerable.Repeat((long)axis, cut.Length).ToArray()),
            ("scan_output_axes", outAxes), ("body", body.Subgraph()));
        for (int k = 0; k < states.Length; k++)
            values.Add(new Value(outputs[k], states[k].Dims));
        for (int k = 0; k < made.Length; k++)
        {
            long[] dims = [rounds * made[k].Dims[0], made[k].Dims[1]];
            values.Add(new Value(graph.Node("Relu", [graph.Node("Reshape", [outputs[states.Length + k], graph.Integers(dims)])]), dims));
        }
    }

    private sealed record Value(string Name, long[] Dims);
}
