namespace Serenity.Onnx.Formulas;

/// <summary>The dimensions of the values of a graph as formulas of the sizes that its inputs may have.</summary>
/// <param name="Space">The sizes that occur.</param>
/// <param name="Dims">By value; one that is missing has one size only.</param>
/// <param name="Names">What the model itself calls a size, by formula; others are called by the text of their formula.</param>
public sealed record SizeFormulas(SizeSpace Space, IReadOnlyDictionary<string, SizeExpression[]> Dims, IReadOnlyDictionary<SizeExpression, string> Names)
{
    /// <summary>The dimensions of a value; null if it has one size only.</summary>
    public SizeExpression[]? Find(string value) => Dims.GetValueOrDefault(value);

    /// <summary>What a size is called in a file.</summary>
    public string NameOf(SizeExpression size)
    {
        ArgumentNullException.ThrowIfNull(size);
        return Names.TryGetValue(size, out string? name) ? name : size.ToString();
    }
}
