using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Operators;

/// <summary>
/// Type and shape of the values of one graph, by name. A value that is no dense tensor (a sequence, an optional, a map) or whose
/// elements have no fixed size (strings) is in <see cref="Opaque"/> and costs nothing the executors account for.
/// </summary>
/// <param name="Types">Tensor values, all dimensions known.</param>
/// <param name="Opaque">Values without a size of their own.</param>
public sealed record ShapeTable(IReadOnlyDictionary<string, TensorType> Types, IReadOnlySet<string> Opaque)
{
    /// <summary>The tables of the subgraphs in the graph's nodes, nested ones included; one is missing where a size in it is not known.</summary>
    public IReadOnlyDictionary<SubgraphKey, ShapeTable> Bodies { get; init; } = new Dictionary<SubgraphKey, ShapeTable>();

    /// <summary>
    /// Values of which a run may give less: <see cref="Types"/> says the most, and here stands which of the dimensions may be smaller.
    /// </summary>
    public IReadOnlyDictionary<string, bool[]> Varies { get; init; } = new Dictionary<string, bool[]>();

    /// <summary>
    /// For a range of sizes: what the sizes in <see cref="Varies"/> are computed from; null for one size of each dimension. <see cref="Types"/> are then those at the largest.
    /// </summary>
    public SizeFormulas? Formulas { get; init; }

    /// <summary>Graph outputs that the caller binds to the buffer of a graph input, which is of the same type and size: the input by output. They take no memory of their own.</summary>
    public IReadOnlyDictionary<string, string> Shared { get; init; } = new Dictionary<string, string>();

    /// <summary>True if the value has the size in <see cref="Types"/> in every run.</summary>
    public bool IsExact(string name) => !Varies.ContainsKey(name);

    /// <summary>True if what a run gives is known before it: a size, or a formula of the sizes of its inputs.</summary>
    public bool IsForeseen(string name) => IsExact(name) || Formulas?.Find(name) is not null;

    /// <summary>True if the size of some value is not known before a run, even where those of the inputs are.</summary>
    public bool DependsOnData => Varies.Keys.Any(name => Formulas?.Find(name) is null);

    /// <summary>Bytes of a value as a formula of the sizes of the inputs; null where they are the same at all of them, or not known.</summary>
    public SizeExpression? BytesFormula(string name)
    {
        if (Formulas?.Find(name) is not { } dims || Find(name) is not { } type)
            return null;
        SizeExpression elements = SizeExpression.Product(dims);
        int bits = TensorType.BitsPerElement(type.ElementType);
        return bits % 8 == 0 ? elements * (bits / 8) : SizeExpression.CeilDivide(elements * bits, SizeExpression.Of(8));
    }

    /// <summary>The table for one combination of the sizes in <see cref="Formulas"/>.</summary>
    /// <param name="sizes">A size for each open dimension.</param>
    public ShapeTable At(IReadOnlyDictionary<string, long> sizes)
    {
        if (Formulas is not { } formulas)
            return this;
        Dictionary<string, TensorType> types = new(Types, StringComparer.Ordinal);
        Dictionary<string, bool[]> varies = new(Varies, StringComparer.Ordinal);
        foreach ((string name, SizeExpression[] dims) in formulas.Dims)
        {
            if (!Types.TryGetValue(name, out TensorType? type))
                continue;
            types[name] = type with { Dims = Array.ConvertAll(dims, d => d.Evaluate(sizes)) };
            varies.Remove(name);
        }
        return this with { Types = types, Varies = varies, Formulas = null };
    }

    /// <summary>The type of a value, or null if it is not a tensor of known size.</summary>
    public TensorType? Find(string name) => Types.GetValueOrDefault(name);

    /// <summary>Bytes of a value; zero for an opaque one.</summary>
    /// <exception cref="KeyNotFoundException">Neither known nor opaque.</exception>
    public long Bytes(string name) =>
        Types.TryGetValue(name, out TensorType? type) ? type.Bytes
        : Opaque.Contains(name) ? 0
        : throw new KeyNotFoundException($"No shape is known for value '{name}'.");
}
