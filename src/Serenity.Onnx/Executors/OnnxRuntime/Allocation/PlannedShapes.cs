using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// Shapes as far as ONNX Runtime knows them when it plans buffers, before any run. Where it does not know a dimension, the buffer
/// neither takes another's place nor gives up its own. Two symbolic dimensions are the same if they have the same symbol.
/// </summary>
/// <param name="Dims">By value name: sizes, <see cref="Unknown"/>, or <see cref="Symbol"/> of a symbol's number. A value that is not named has no known rank.</param>
internal sealed record PlannedShapes(IReadOnlyDictionary<string, long[]> Dims)
{
    /// <summary>A dimension of which nothing is known.</summary>
    public const long Unknown = -1;

    // Above the numbers of all symbols that a file or a veil has.
    private const int FirstFormula = 1 << 30;

    /// <summary>The dimension that stands for a symbol.</summary>
    /// <param name="number">The symbol's number, from 0.</param>
    public static long Symbol(int number) => -2L - number;

    /// <summary>The same for the subgraphs in the graph's nodes; one that is missing here is known in full.</summary>
    public IReadOnlyDictionary<SubgraphKey, PlannedShapes> Bodies { get; init; } = new Dictionary<SubgraphKey, PlannedShapes>();

    /// <summary>All shapes known but those that vary from run to run for other reasons than the sizes of the inputs: one symbol stands for sizes with the same formula.</summary>
    public static PlannedShapes AllOf(ShapeTable shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        return new PlannedShapes(new Dictionary<string, long[]>(StringComparer.Ordinal)).WithExact(shapes);
    }

    /// <summary>All shapes known but those that vary from run to run, of which this is what ONNX Runtime knows.</summary>
    public PlannedShapes WithExact(ShapeTable shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        Dictionary<string, long[]> dims = new(Dims, StringComparer.Ordinal);
        Dictionary<SizeExpression, int> symbols = [];
        foreach ((string name, TensorType type) in shapes.Types)
        {
            if (shapes.IsExact(name))
                dims[name] = type.Dims;
            else if (shapes.Formulas?.Find(name) is { } formulas)
                dims[name] = Array.ConvertAll(formulas, Planned);
        }
        return new PlannedShapes(dims);

        long Planned(SizeExpression size)
        {
            if (size.Constant is { } constant)
                return constant;
            symbols.TryAdd(size, symbols.Count);
            return Symbol(FirstFormula + symbols[size]);
        }
    }

    /// <summary>The planned dimensions of a value; null if not even the rank is known.</summary>
    public long[]? Find(string name) => Dims.GetValueOrDefault(name);
}
