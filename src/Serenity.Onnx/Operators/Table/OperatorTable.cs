using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>
/// The one table of operators, by domain, name and version. A new operator is one entry in one of the lists that it is made of; what rewrites, verification and
/// executors may do with it follows from what they ask of the entry.
/// </summary>
internal static class OperatorTable
{
    private static readonly Dictionary<string, Dictionary<string, Operator[]>> _domains = Index();

    /// <summary>All entries, those of earlier versions too.</summary>
    public static IEnumerable<Operator> All => _domains.Values.SelectMany(names => names.Values).SelectMany(versions => versions);

    /// <summary>The entry of a node's operator in its newest version; <see cref="Operator.Unknown"/> where it has none.</summary>
    public static Operator Of(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Of(node.Domain, node.OpType, long.MaxValue);
    }

    /// <summary>The entry of a node's operator.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">The version of the standard's operator set; other domains of the table have one version.</param>
    public static Operator Of(NodeProto node, long opset)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Of(node.Domain, node.OpType, OperatorDomain.IsOnnx(node.Domain) ? opset : long.MaxValue);
    }

    /// <summary>The entry of an operator of the standard's own domain, by name.</summary>
    public static Operator Standard(string name) => Of("", name, long.MaxValue);

    private static Operator Of(string domain, string name, long opset)
    {
        if (!_domains.TryGetValue(OperatorDomain.IsOnnx(domain) ? "" : domain, out Dictionary<string, Operator[]>? names) || !names.TryGetValue(name, out Operator[]? versions))
            return Operator.Unknown;
        for (int i = versions.Length - 1; i > 0; i--)
        {
            if (versions[i].Since <= opset)
                return versions[i];
        }
        // What is older than the oldest entry is taken for it: models of opsets before the first that ONNX Runtime supports are refused.
        return versions[0];
    }

    private static Dictionary<string, Dictionary<string, Operator[]>> Index()
    {
        Dictionary<string, Dictionary<string, Operator[]>> domains = new(StringComparer.Ordinal);
        foreach (IEnumerable<Operator> list in (IEnumerable<Operator>[])
            [ElementwiseOperators.All, WindowOperators.All, ProductOperators.All, AttentionOperators.All, StatisticsOperators.All,
                MovementOperators.All, QuantizedOperators.All, GraphOperators.All, BlockedOperators.All])
        {
            foreach (Operator entry in list)
            {
                if (!domains.TryGetValue(entry.Domain, out Dictionary<string, Operator[]>? names))
                    domains.Add(entry.Domain, names = new(StringComparer.Ordinal));
                // A list has the versions of an operator from the earliest on.
                names[entry.Name] = names.TryGetValue(entry.Name, out Operator[]? earlier) ? [.. earlier, entry] : [entry];
            }
        }
        return domains;
    }
}
