using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>What ONNX Runtime knew of shapes behind veils that were to hide them: the next one is drawn so that it does not.</summary>
internal sealed class VeilKnowledge
{
    private readonly Dictionary<int, int> _times = [];
    private readonly Dictionary<int, bool[]> _dims = [];

    /// <summary>How often a value's shape was known. After once its node reads all inputs through the veil; after twice it stays known.</summary>
    public int Times(int value) => _times.GetValueOrDefault(value);

    /// <summary>Dimensions to state, since some value in the buffer that a value is the first of has them in any case: a convolution's channels; null for none.</summary>
    public bool[]? Dims(int value) => _dims.GetValueOrDefault(value);

    /// <summary>Looks at what was known behind a veil.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">The order of its nodes.</param>
    /// <param name="hidden">The symbol of each hidden value.</param>
    /// <param name="planned">What ONNX Runtime knew.</param>
    /// <returns>False if nothing is known that was not before.</returns>
    public bool Learn(OrtGraph graph, ReadOnlySpan<int> order, int[] hidden, PlannedShapes planned)
    {
        Dictionary<int, List<(int Value, long[]? Dims)>> bySymbol = [];
        foreach (int node in order)
        {
            foreach (int value in graph.Outputs(node))
            {
                if (value < 0 || hidden[value] == 0)
                    continue;
                if (!bySymbol.TryGetValue(hidden[value], out List<(int, long[]?)>? values))
                    bySymbol.Add(hidden[value], values = []);
                values.Add((value, planned.Find(graph.Name(value))));
            }
        }
        bool any = false;
        foreach (List<(int Value, long[]? Dims)> values in bySymbol.Values)
            any |= Learn(values);
        return any;
    }

    /// <summary>Values of one symbol must have the same dimensions, and not all of them.</summary>
    private bool Learn(List<(int Value, long[]? Dims)> values)
    {
        (int first, long[]? place) = values[0];
        if (place is null)
            return false;
        bool alike = values.TrueForAll(v => v.Dims is { } dims && dims.AsSpan().SequenceEqual(place)), all = Array.TrueForAll(place, dim => dim >= 0);
        if (alike && !all)
            return false;
        if (!alike && values.TrueForAll(v => v.Dims?.Length == place.Length))
        {
            bool[] stated = [.. place.Select((_, i) => values.Exists(v => v.Dims![i] >= 0))];
            if (Array.IndexOf(stated, false) >= 0 && (Dims(first) is not { } before || !before.AsSpan().SequenceEqual(stated)))
            {
                _dims[first] = stated;
                return true;
            }
        }
        foreach ((int value, long[]? dims) in values)
        {
            if (value == first ? all : dims is null || !dims.AsSpan().SequenceEqual(place))
                _times[value] = Times(value) + 1;
        }
        return true;
    }
}
