using System.Runtime.InteropServices;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>
/// The dimensions of every value of a graph as formulas of the open dimensions of its inputs, by a rule for each operator. Integers that shapes are computed with are
/// followed element by element. A node of which all inputs have one size and nothing else that changes gives one size too, whatever it is; where neither that nor a rule tells,
/// the formula is missing, never guessed.
/// </summary>
internal sealed class SymbolicShapes
{
    /// <summary>More elements than any shape has.</summary>
    private const int MostElements = 64;

    private readonly ModelProto _model;
    private readonly ShapeTable _one;
    private readonly SizeSpace _space;
    private readonly Dictionary<string, float[]> _floats;
    private readonly Dictionary<string, SizedValue> _values;
    private readonly Func<string, TensorType?> _outer;

    private SymbolicShapes(ModelProto model, ShapeTable one, SizeSpace space)
    {
        (_model, _one, _space, _outer) = (model, one, space, _ => null);
        _floats = new(StringComparer.Ordinal);
        _values = new(StringComparer.Ordinal);
    }

    /// <summary>Begins with what a subgraph sees of the graph around it.</summary>
    private SymbolicShapes(SymbolicShapes around, ShapeTable one)
    {
        (_model, _one, _space, _outer) = (around._model, one, around._space, around.TypeOf);
        _floats = new(around._floats, StringComparer.Ordinal);
        _values = new(around._values, StringComparer.Ordinal);
    }

    /// <summary>Finds the formulas.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="one">Types of its values at one combination of sizes.</param>
    /// <param name="inputs">Dimensions of the inputs that have open ones.</param>
    /// <param name="space">The sizes that occur.</param>
    /// <returns>By value; one is missing where its dimensions are not known.</returns>
    public static Dictionary<string, SizeExpression[]> Of(
        ModelProto model, ShapeTable one, IReadOnlyDictionary<string, SizeExpression[]> inputs, SizeSpace space)
    {
        SymbolicShapes shapes = new(model, one, space);
        shapes.Follow(inputs);
        return shapes._values.Where(v => v.Value.Dims is not null).ToDictionary(v => v.Key, v => v.Value.Dims!, StringComparer.Ordinal);
    }

    private void Follow(IReadOnlyDictionary<string, SizeExpression[]> inputs)
    {
        GraphProto graph = _model.Graph;
        HashSet<string> overridable = _model.IrVersion < 4 ? [] : new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            Add(tensor.Name, tensor, !overridable.Contains(tensor.Name));
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
            _values[sparse.Values.Name] = new SizedValue(Fixed(sparse.Dims), null, false);
        foreach (ValueInfoProto input in graph.Input)
        {
            if (inputs.TryGetValue(input.Name, out SizeExpression[]? dims))
                _values[input.Name] = new SizedValue(dims, null, false);
            else if (!_values.ContainsKey(input.Name) && _one.Find(input.Name) is { } type)
                _values[input.Name] = new SizedValue(Fixed(type.Dims), null, false);
        }
        foreach (int position in TopologicalOrder.Of(new GraphView(graph)))
            Follow(graph.Node[position]);
    }

    /// <summary>What the outputs of a subgraph are, given its inputs.</summary>
    /// <param name="key">Where it stands.</param>
    /// <param name="body">The subgraph.</param>
    /// <param name="inputs">Its inputs, in order.</param>
    private SizedValue[] Within(SubgraphKey key, GraphProto body, IReadOnlyList<SizedValue> inputs)
    {
        ShapeTable types = _one.Bodies.GetValueOrDefault(key) ?? new ShapeTable(new Dictionary<string, TensorType>(), new HashSet<string>());
        SymbolicShapes within = new(this, types with { Bodies = _one.Bodies });
        foreach (TensorProto tensor in body.Initializer)
            within.Add(tensor.Name, tensor, true);
        for (int i = 0; i < inputs.Count; i++)
            within._values[body.Input[i].Name] = inputs[i];
        foreach (int position in TopologicalOrder.Of(new GraphView(body)))
            within.Follow(body.Node[position]);
        return [.. body.Output.Select(output => within._values.GetValueOrDefault(output.Name) ?? new SizedValue(null, null, true))];
    }

    private TensorType? TypeOf(string name) => _one.Find(name) ?? _outer(name);

    private void Follow(NodeProto node)
    {
        if (ConstantNode.ValueOf(node) is { } constant)
        {
            Add(node.Output[0], constant, true);
            return;
        }
        SizedInputs inputs = new(node, [.. node.Input.Select(i => i.Length == 0 ? null : _values.GetValueOrDefault(i) ?? new SizedValue(null, null, true))], _space, _floats.GetValueOrDefault);
        SizedValue?[] read = [.. inputs.Inputs.Concat(SubgraphCaptures.Of(node).Select(c => _values.GetValueOrDefault(c)))];
        bool followsSizes = Array.Exists(read, v => v is { FollowsSizes: true }) || (node.OpType is "Shape" or "Size" && !IsFixed(inputs.Dims(0)));
        // Sizes that are always the same, and no numbers that change with others: what ONNX Runtime found at one combination it finds at all.
        bool isFixed = Array.TrueForAll(read, v => v is null || (IsFixed(v.Dims) && (!v.FollowsSizes || v.Constant is not null)));
        SizeExpression?[]?[] elements = ShapeElements.Of(inputs, name => TypeOf(name)?.ElementType) is { } found ? [found] : [];
        SizeExpression[]?[]? dims = isFixed ? null : NodeSizes.Of(inputs) ?? BodySizes.Of(inputs, Within, name => TypeOf(name)?.ElementType);
        for (int k = 0; k < node.Output.Count; k++)
        {
            string name = node.Output[k];
            if (name.Length == 0)
                continue;
            SizeExpression[]? shape = isFixed ? _one.Find(name) is { } type ? Fixed(type.Dims) : null : dims is not null && k < dims.Length ? dims[k] : null;
            // What depends on data as well has no formula.
            if (_one.Varies.ContainsKey(name))
                shape = null;
            SizeExpression?[]? own = k < elements.Length && elements[k] is { Length: <= MostElements } some ? some : null;
            _values[name] = new SizedValue(shape is not null && Agrees(name, shape) ? shape : null, own, followsSizes);
        }
    }

    /// <summary>True if formulas give what ONNX Runtime says at the one combination that it was asked about.</summary>
    private bool Agrees(string name, SizeExpression[] shape)
    {
        if (_one.Find(name) is not { } type || type.Dims.Length != shape.Length)
            return _one.Opaque.Contains(name);
        try
        {
            return shape.Zip(type.Dims, (formula, size) => formula.Evaluate(_space.Planned) == size).All(same => same);
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private void Add(string name, TensorProto tensor, bool isConstant)
    {
        SizeExpression?[]? elements = null;
        if (isConstant && tensor.Dims.Count <= 1 && !TensorData.IsExternal(tensor) && tensor.Dims.Aggregate(1L, (a, b) => a * b) is var count and <= MostElements
            && TensorData.Problem(tensor) is null)
        {
            elements = Numbers(tensor, (int)count);
            if ((DataType)tensor.DataType == DataType.Float)
                _floats[name] = MemoryMarshal.Cast<byte, float>(TensorData.ToRaw(tensor)).ToArray();
        }
        _values[name] = new SizedValue(Fixed(tensor.Dims), elements, false);
    }

    private static SizeExpression?[]? Numbers(TensorProto tensor, int count)
    {
        long[]? numbers = (DataType)tensor.DataType switch
        {
            DataType.Int64 => MemoryMarshal.Cast<byte, long>(TensorData.ToRaw(tensor)).ToArray(),
            DataType.Int32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(TensorData.ToRaw(tensor)).ToArray(), n => (long)n),
            DataType.Bool => Array.ConvertAll(TensorData.ToRaw(tensor), n => (long)n),
            _ => null,
        };
        if (numbers is not null)
            return numbers.Length == count ? Array.ConvertAll(numbers, SizeExpression.Of) : null;
        if ((DataType)tensor.DataType != DataType.Float)
            return null;
        float[] floats = MemoryMarshal.Cast<byte, float>(TensorData.ToRaw(tensor)).ToArray();
        return floats.Length == count ? Array.ConvertAll(floats, f => f == MathF.Floor(f) && MathF.Abs(f) < 1 << 24 ? SizeExpression.Of((long)f) : null) : null;
    }

    private static bool IsFixed(SizeExpression[]? dims) => dims is not null && Array.TrueForAll(dims, d => d.Constant is not null);

    private static SizeExpression[] Fixed(IEnumerable<long> dims) => [.. dims.Select(SizeExpression.Of)];
}
