namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>Where a veil is drawn: which shapes are hidden, and by what.</summary>
/// <param name="Hidden">The symbol of each hidden value by value index; 0 for those whose shape is stated.</param>
/// <param name="Inputs">Inputs that nodes read through a Reshape to their own shape, by node and position.</param>
internal sealed record VeilDrawing(int[] Hidden, IReadOnlySet<(int Node, int Input)> Inputs)
{
    /// <summary>Inputs that say what shape a node makes, and come out of an Identity instead of a constant, by node and position.</summary>
    public IReadOnlySet<(int Node, int Input)> Computed { get; init; } = new HashSet<(int, int)>();

    /// <summary>Dimensions that are stated all the same, by symbol; all others of a hidden value have a name.</summary>
    public IReadOnlyDictionary<int, bool[]> Stated { get; init; } = new Dictionary<int, bool[]>();
}
