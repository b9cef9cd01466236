using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors;

/// <summary>Names for the scratch of nodes, in lists of tensors where people read them: <c>NODE/scratch</c>, or with a number where a value has that name.</summary>
internal sealed class ScratchNames
{
    private readonly HashSet<string> _taken;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <param name="values">Names of all values.</param>
    public ScratchNames(IEnumerable<string> values) => _taken = new(values, StringComparer.Ordinal);

    /// <summary>The name of a node's scratch; the same each time.</summary>
    public string Of(string node)
    {
        if (!_names.TryGetValue(node, out string? name))
        {
            name = $"{node}/scratch";
            for (int i = 1; !_taken.Add(name); i++)
                name = FormattableString.Invariant($"{node}/scratch_{i}");
            _names.Add(node, name);
        }
        return name;
    }

    /// <summary>The scratch of a node at a step.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="offset">Bytes from the start of the arena; null where there is none.</param>
    /// <param name="step">The step at which the node runs.</param>
    public TensorFacts Facts(string node, long bytes, long? offset, int step) =>
        new(Of(node), bytes, offset, step, step, TensorRole.Activation, null, null, null, [step], [step], node);
}
