using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// An output of integers or booleans that comes from comparing floating-point numbers: an ArgMax, a TopK, a threshold. Where the numbers compared are
/// nearer to each other than a sum in another order may move them, either answer is as good as the other; everywhere else there is one answer.
/// </summary>
/// <param name="Output">The graph's output.</param>
/// <param name="Node">The node that decides.</param>
internal sealed record Decision(string Output, NodeProto Node)
{
    /// <summary>The floating-point values that are compared.</summary>
    public IReadOnlyList<string> Compared => Node.Kind() == OperatorKind.Selection ? [Node.Input[0]] : [.. Node.Input.Take(2)];

    /// <summary>The decisions behind a graph's outputs, in the graph's order.</summary>
    public static IReadOnlyList<Decision> Of(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
                makers[output] = node;
        }
        List<Decision> decisions = [];
        foreach (ValueInfoProto output in graph.Output)
        {
            string value = output.Name;
            for (int depth = 0; depth < graph.Node.Count && makers.TryGetValue(value, out NodeProto? node); depth++)
            {
                // Where several are told, the values that were found come first, and they do not jump.
                if (node.Kind() == OperatorKind.Selection && node.Output[^1] == value && (node.Output.Count > 1 || !Ranks(node)) || node.Has(OperatorTraits.Compares))
                {
                    decisions.Add(new Decision(output.Name, node));
                    break;
                }
                // What keeps every element where it is among the others.
                if (!node.Has(OperatorTraits.KeepsValues) && !node.Is("Not"))
                    break;
                value = node.Input[0];
            }
        }
        return decisions;
    }

    /// <summary>For each element of the output: true if the numbers compared for it are as good as the same.</summary>
    /// <param name="values">What the source's run gave for each of <see cref="Compared"/>.</param>
    /// <param name="tolerance">What counts as the same, relative to the magnitudes compared.</param>
    /// <param name="elements">How many elements the output has.</param>
    /// <returns>Null where that cannot be told.</returns>
    public bool[]? Undecided(IReadOnlyList<SeenTensor?> values, double tolerance, long elements)
    {
        if (values[0] is not { } x)
            return null;
        if (Node.Kind() == OperatorKind.Selection)
            return UndecidedAlong(x, tolerance, elements);
        if (values[1] is not { } y || !x.Dims.AsSpan().SequenceEqual(y.Dims) && y.Elements.Length != 1 && x.Elements.Length != 1)
            return null;
        int count = Math.Max(x.Elements.Length, y.Elements.Length);
        double scale = Math.Max(Largest(x.Elements), Largest(y.Elements));
        bool[] near = new bool[count];
        for (int i = 0; i < count; i++)
        {
            double a = x.Elements[x.Elements.Length == 1 ? 0 : i], b = y.Elements[y.Elements.Length == 1 ? 0 : i];
            near[i] = !(Math.Abs(a - b) > tolerance * scale);
        }
        return near;
    }

    /// <summary>True for an operator that tells of several elements in order, and not of one.</summary>
    private static bool Ranks(NodeProto node) => node.Is("TopK");

    private bool[]? UndecidedAlong(SeenTensor x, double tolerance, long elements)
    {
        int rank = x.Dims.Length, axis = (int)Node.Int("axis", Ranks(Node) ? -1 : 0);
        axis += axis < 0 ? rank : 0;
        if (axis < 0 || axis >= rank)
            return null;
        int size = (int)x.Dims[axis], inner = 1;
        for (int i = axis + 1; i < rank; i++)
            inner *= (int)x.Dims[i];
        if (size == 0)
            return null;
        bool ranks = Ranks(Node), largest = ranks ? Node.Int("largest", 1) != 0 : Node.Is("ArgMax");
        int lines = x.Elements.Length / size;
        double[][] sorted = new double[lines][];
        for (int line = 0; line < lines; line++)
        {
            double[] along = new double[size];
            for (int i = 0; i < size; i++)
                along[i] = x.Elements[(line / inner * size + i) * inner + line % inner];
            Array.Sort(along);
            if (largest)
                Array.Reverse(along);
            sorted[line] = along;
        }
        double scale = Largest(x.Elements);
        bool Same(double a, double b) => !(Math.Abs(a - b) > tolerance * scale);
        if (!ranks)
            return [.. sorted.Select(along => size > 1 && Same(along[0], along[1]))];
        // The i-th rank is open where the one before or behind it is as large.
        int taken = lines == 0 ? 0 : (int)(elements / lines);
        if (taken > size)
            return null;
        bool[] near = new bool[lines * taken];
        for (int line = 0; line < lines; line++)
        {
            double[] along = sorted[line];
            for (int i = 0; i < taken; i++)
                near[(line / inner * taken + i) * inner + line % inner] = i > 0 && Same(along[i - 1], along[i]) || i + 1 < size && Same(along[i], along[i + 1]);
        }
        return near;
    }

    private static double Largest(double[] elements)
    {
        double largest = 0;
        foreach (double element in elements)
            largest = double.IsFinite(element) ? Math.Max(largest, Math.Abs(element)) : largest;
        return largest;
    }
}
