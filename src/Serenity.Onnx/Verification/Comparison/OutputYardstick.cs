using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>What a run of the source says of how far its outputs may be off, for one of the inputs.</summary>
/// <param name="Terms">For outputs of floating-point sums: how large the terms of each slice are, in the order of <see cref="ValueSlice.All"/>.</param>
/// <param name="Undecided">For outputs that come from comparisons: the elements where what is compared is as good as the same.</param>
internal sealed record OutputYardstick(IReadOnlyDictionary<string, IReadOnlyList<double>> Terms, IReadOnlyDictionary<string, bool[]> Undecided)
{
    /// <summary>How near two numbers are that a sum in another order may exchange, relative to the largest magnitude.</summary>
    private const double SameTo = 1e-4;

    /// <summary>What a run has to tell for it: adds nodes to the source, and gives the values to read.</summary>
    /// <param name="graph">The source's graph.</param>
    /// <param name="shapes">Types of its values.</param>
    public static Plan Of(GraphProto graph, Operators.ShapeTable shapes)
    {
        IReadOnlyList<Decision> decisions = Decision.Of(graph);
        SumTerms terms = new(graph, shapes);
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (ValueInfoProto output in graph.Output.ToArray())
        {
            if (terms.Of(output.Name) is { } value)
                found[output.Name] = value;
        }
        return new Plan(found, decisions);
    }

    /// <summary>The values that a run has to tell.</summary>
    /// <param name="Terms">For each output, the value that holds how large its terms are.</param>
    /// <param name="Decisions">Decisions behind outputs.</param>
    internal sealed record Plan(IReadOnlyDictionary<string, string> Terms, IReadOnlyList<Decision> Decisions)
    {
        /// <summary>Names of the values.</summary>
        public IEnumerable<string> Values => Terms.Values.Concat(Decisions.SelectMany(d => d.Compared)).Distinct(StringComparer.Ordinal);

        /// <summary>What a run said.</summary>
        /// <param name="elements">How many elements an output has.</param>
        /// <param name="find">A value of the run, or a constant; null if it is neither, or holds no floating-point numbers.</param>
        public OutputYardstick Read(Func<string, long> elements, Func<string, SeenTensor?> find)
        {
            Dictionary<string, IReadOnlyList<double>> terms = new(StringComparer.Ordinal);
            foreach ((string output, string value) in Terms)
            {
                if (find(value) is { } tensor)
                    terms[output] = [.. ValueSlice.All(tensor.Dims, ValueSlice.Between(tensor, tensor)).Select(s => s.Magnitude)];
            }
            Dictionary<string, bool[]> undecided = new(StringComparer.Ordinal);
            foreach (Decision decision in Decisions)
            {
                if (decision.Undecided([.. decision.Compared.Select(find)], SameTo, elements(decision.Output)) is { } open)
                    undecided[decision.Output] = open;
            }
            return new OutputYardstick(terms, undecided);
        }
    }
}
