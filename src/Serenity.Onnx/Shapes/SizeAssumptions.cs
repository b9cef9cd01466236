using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Sizes of values of the main graph that nothing can be inferred for, taken one node at a time, in topological order, when inference is stuck: what an earlier
/// stage knew, what the item states, what the file declares, or what the operator can give at most.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="free">Sizes of open dimensions, for declared shapes that use their names.</param>
/// <param name="bounds">Most elements along each dimension that is not known, or all dimensions, by value.</param>
/// <param name="known">Shapes of the values of a model that this one was made from; null for none.</param>
internal sealed class SizeAssumptions(
    ModelProto model, FreeDimensionTable free, IReadOnlyDictionary<string, long[]>? bounds, ShapeTable? known)
{
    /// <summary>What a message proposes as a bound.</summary>
    public const long SomeElements = 100;

    private readonly Dictionary<string, SizeAssumption> _made = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ValueInfoProto> _declared = Declared(model.Graph);

    /// <summary>What was assumed, by value.</summary>
    public IReadOnlyDictionary<string, SizeAssumption> Made => _made;

    /// <summary>0 to assume the largest sizes; above, those of another look at the same model, once all assumptions are made.</summary>
    public int Variant { get; set; }

    /// <summary>Where all values that stand in the way are to be found: those, in topological order; a size is made up for each, so that inference goes on. Else null.</summary>
    public List<string>? Missing { get; init; }

    /// <summary>Assumptions for a graph within: what its operators give at most.</summary>
    public SizeAssumptions Within(GraphProto graph) => new(new ModelProto { Graph = graph }, free, null, null);

    /// <summary>The main graph.</summary>
    public GraphProto Graph => model.Graph;

    /// <summary>Assumes the sizes of a node's outputs that are not settled; true if that settled one.</summary>
    /// <param name="node">A node of the main graph whose inputs are all settled.</param>
    /// <param name="facts">What is known; settled outputs are added.</param>
    /// <param name="constants">Constants that the node sees.</param>
    /// <param name="outputs">What is found of the outputs by looking into the node's subgraphs: all the types that each may have; null where it has none.</param>
    public bool Settle(
        NodeProto node, Dictionary<string, ValueFact> facts, IReadOnlyDictionary<string, TensorProto> constants, Func<int, SizeAssumption?> outputs)
    {
        TensorType? TypeOf(string name) => facts.GetValueOrDefault(name)?.Type;
        long[][]? most = DataDependentSizes.Most(node, TypeOf, name => Integers(name, constants));
        SizeAssumption? element = new SequenceSizes(model.Graph, TypeOf, name => Integers(name, constants)).Of(node);
        bool found = false;
        for (int k = 0; k < node.Output.Count; k++)
        {
            string name = node.Output[k];
            if (name.Length == 0 || facts.GetValueOrDefault(name) is not { IsSettled: false, Proto.TensorType: { ElemType: not 0 } tensor })
                continue;
            if (!_made.TryGetValue(name, out SizeAssumption? made))
            {
                if (Variant > 0 || Find(node, name, tensor, k < most?.Length ? most[k] : null, () => element ?? outputs(k)) is not { } assumed)
                    continue;
                _made.Add(name, made = assumed);
            }
            TensorType type = made.In(Variant);
            facts[name] = ValueFact.Tensor(type.ElementType, type.Dims);
            found = true;
        }
        return found;
    }

    private SizeAssumption? Find(NodeProto node, string name, TypeProto.Types.Tensor inferred, long[]? most, Func<SizeAssumption?> inner)
    {
        DataType element = (DataType)inferred.ElemType;
        if (known?.Find(name) is { } type && type.ElementType == element)
            return SizeAssumption.UpTo(type, known.Varies.GetValueOrDefault(name) ?? new bool[type.Dims.Length], SizeOrigin.Known);
        long?[]? dims = inferred.Shape?.Dim.Select(FreeDimensionTable.Fixed).ToArray();
        // By the specification a scalar has no dimension to name; ONNX Runtime takes it for a list of one.
        if (node.OpType == "NonZero" && dims is [0, ..])
            dims = null;
        // Both outputs of a TopK have one shape.
        string stater = node.OpType == "TopK" && !_declared.ContainsKey(name) ? node.Output.FirstOrDefault(_declared.ContainsKey) ?? name : name;
        long?[]? declared = _declared.TryGetValue(stater, out ValueInfoProto? info) ? free.Apply(info).TensorType?.Shape?.Dim.Select(FreeDimensionTable.Fixed).ToArray() : null;
        bool contradicted = declared is not null && (dims is not null ? !Agree(dims, declared) : most is not null && most.Length != declared.Length);
        if (DataDependentSizes.IsUnforeseeable(node) || contradicted)
            declared = null;
        if (bounds is not null && bounds.TryGetValue(name, out long[]? stated))
        {
            long?[] shape = dims ?? declared ?? new long?[stated.Length];
            return stated.Length != 1 && stated.Length != shape.Length ? null
                : UpTo(shape.Select((d, i) => d ?? declared?[i]), i => stated[stated.Length == 1 ? 0 : i], SizeOrigin.Stated);
        }
        if (declared is not null && declared.All(d => d is not null))
            return new SizeAssumption(new TensorType(element, [.. declared.Select(d => d!.Value)]), [], SizeOrigin.Declared);
        if (most is not null && (dims is null || dims.Length == most.Length))
            return UpTo((dims ?? new long?[most.Length]).Select((d, i) => d ?? declared?[i]), i => most[i], SizeOrigin.Rule);
        if (inner() is { } within)
            return within;
        Missing?.Add(name);
        return Missing is null || dims is null ? null : UpTo(dims.Select((d, i) => d ?? declared?[i]), _ => SomeElements, SizeOrigin.Stated);

        SizeAssumption UpTo(IEnumerable<long?> fixedDims, Func<int, long> largest, SizeOrigin origin)
        {
            long?[] fixedOrOpen = [.. fixedDims];
            return SizeAssumption.UpTo(
                new TensorType(element, [.. fixedOrOpen.Select((d, i) => d ?? largest(i))]), [.. fixedOrOpen.Select(d => d is null)], origin);
        }
    }

    private static bool Agree(long?[] inferred, long?[] declared) =>
        inferred.Length == declared.Length && inferred.Zip(declared).All(d => d.First is null || d.Second is null || d.First == d.Second);

    private static Dictionary<string, ValueInfoProto> Declared(GraphProto graph)
    {
        Dictionary<string, ValueInfoProto> declared = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in graph.Output.Concat(graph.ValueInfo))
            declared.TryAdd(value.Name, value);
        return declared;
    }

    private static long[]? Integers(string name, IReadOnlyDictionary<string, TensorProto> constants)
    {
        if (!constants.TryGetValue(name, out TensorProto? tensor) || (DataType)tensor.DataType != DataType.Int64 || TensorData.IsExternal(tensor))
            return null;
        byte[] raw = TensorData.ToRaw(tensor);
        return [.. Enumerable.Range(0, raw.Length / 8).Select(i => BitConverter.ToInt64(raw, 8 * i))];
    }
}
