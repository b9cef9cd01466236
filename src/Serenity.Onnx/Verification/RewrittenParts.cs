using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification;

/// <summary>
/// What rewrites changed of a graph, as a model of its own: the nodes of the optimized graph that the source graph does not have, each reading the
/// values that the source computed. A value that both graphs have is a <em>result</em>: it is computed here from the source's values
/// alone, so that what one rewrite does to it is not mixed with what those before it did.
/// </summary>
/// <remarks>Found by comparing the two graphs, and not by asking the rewrites: the same name is the same value in both, which is what is checked.</remarks>
internal sealed class RewrittenParts
{
    private const string Suffix = "/rewritten";

    private RewrittenParts(
        ModelProto model, IReadOnlyList<string> inputs, IReadOnlyDictionary<string, string> results, IReadOnlyDictionary<string, NodeProto> replaced, IReadOnlyList<string> needed)
    {
        Model = model;
        Inputs = inputs;
        Results = results;
        Replaced = replaced;
        Needed = needed;
    }

    /// <summary>The changed nodes.</summary>
    public ModelProto Model { get; }

    /// <summary>Values of the source that <see cref="Model"/> takes as inputs.</summary>
    public IReadOnlyList<string> Inputs { get; }

    /// <summary>Outputs of <see cref="Model"/>, in its order, with the value of the source that each is to equal.</summary>
    public IReadOnlyDictionary<string, string> Results { get; }

    /// <summary>Nodes of the source that the optimized graph has no longer, by the values that they make.</summary>
    public IReadOnlyDictionary<string, NodeProto> Replaced { get; }

    /// <summary>All values of the source that the comparison reads and that nodes of it make, in the order of its nodes.</summary>
    public IReadOnlyList<string> Needed { get; }

    /// <summary>Compares two graphs.</summary>
    /// <param name="start">The graph that rewrites began from.</param>
    /// <param name="optimized">What they made of it.</param>
    /// <param name="shapes">Types of the values of both.</param>
    /// <param name="bytes">What the values of one model may take together; where there are more, several models are made.</param>
    /// <param name="unchecked">Results that cannot be computed from values of the source, since the type of one of these is not known.</param>
    /// <returns>The models; none if nothing that can be run on its own was changed.</returns>
    public static IReadOnlyList<RewrittenParts> Of(ModelProto start, ModelProto optimized, ShapeTable shapes, long bytes, out IReadOnlyList<string> @unchecked)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(optimized);
        ArgumentNullException.ThrowIfNull(shapes);
        GraphProto before = start.Graph, after = optimized.Graph;
        Dictionary<string, TensorProto> constants = Initializers(after), oldConstants = Initializers(before);
        Dictionary<string, NodeProto> makers = MakersOf(before), newMakers = MakersOf(after);
        bool SameConstant(string name) => !constants.TryGetValue(name, out TensorProto? now)
            || oldConstants.TryGetValue(name, out TensorProto? was) && (ReferenceEquals(now, was) || now.Equals(was));
        bool Kept(NodeProto node) => makers.TryGetValue(FirstOutput(node), out NodeProto? old) && Same(old, node) && node.Input.All(SameConstant);

        HashSet<string> valuesBefore = [.. makers.Keys, .. before.Input.Select(i => i.Name)];
        List<NodeProto> changed = [.. after.Node.Where(node => !Kept(node))];
        // Constants cost nothing and have no input: whoever reads one takes it along.
        List<NodeProto> taken = [.. changed.SelectMany(Reads).Distinct(StringComparer.Ordinal)
            .Select(name => newMakers.GetValueOrDefault(name)).OfType<NodeProto>().Where(node => ConstantNode.Is(node) && !changed.Contains(node))];
        HashSet<string> takenValues = [.. taken.SelectMany(n => n.Output)];
        HashSet<string> made = [.. changed.Concat(taken).SelectMany(n => n.Output)];
        HashSet<string> results = [.. changed.Where(n => !ConstantNode.Is(n)).SelectMany(n => n.Output).Where(o => o.Length > 0 && makers.ContainsKey(o) && shapes.Find(o) is not null)];
        changed = Leading(changed, results);

        // What reads a value that nothing can be made up for is left out, and what reads that.
        HashSet<string> inputs = new(StringComparer.Ordinal), lost = new(StringComparer.Ordinal);
        List<NodeProto> nodes = [];
        List<string> alone = [];
        @unchecked = alone;
        foreach (NodeProto node in TopologicallySorted(changed, results))
        {
            string[] reads = [.. Reads(node)];
            bool runs = reads.All(name => !lost.Contains(name)
                && (constants.ContainsKey(name) || (valuesBefore.Contains(name) ? shapes.Find(name) is not null || takenValues.Contains(name) : made.Contains(name))));
            if (!runs)
            {
                lost.UnionWith(node.Output.Where(o => !valuesBefore.Contains(o)));
                alone.AddRange(node.Output.Where(results.Remove));
                continue;
            }
            nodes.Add(node);
            inputs.UnionWith(reads.Where(name => valuesBefore.Contains(name) && !constants.ContainsKey(name) && !takenValues.Contains(name)));
        }
        alone.AddRange(changed.SelectMany(n => n.Output).Where(o => o.Length > 0 && makers.ContainsKey(o) && shapes.Find(o) is null && !shapes.Opaque.Contains(o)));
        HashSet<string> keptOutputs = [.. after.Node.Where(Kept).SelectMany(n => n.Output)];
        Dictionary<string, NodeProto> replaced = new(StringComparer.Ordinal);
        foreach (NodeProto node in before.Node.Where(n => !ConstantNode.Is(n) && !n.Output.All(keptOutputs.Contains)))
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                replaced[output] = node;
        }
        string[] order = [.. before.Node.Where(n => !ConstantNode.Is(n)).SelectMany(n => n.Output)];

        List<RewrittenParts> parts = [];
        List<NodeProto> batch = [];
        long held = 0;
        foreach (List<NodeProto> component in Components(nodes, results))
        {
            long more = NeededBy(component, results, replaced, shapes).Sum(name => shapes.Find(name)!.Bytes);
            if (batch.Count > 0 && held + more > bytes)
                Add();
            batch.AddRange(component);
            held += more;
        }
        Add();
        return parts;

        void Add()
        {
            string[] own = [.. batch.SelectMany(n => n.Output).Where(results.Contains)];
            if (own.Length > 0)
            {
                HashSet<string> computed = [.. batch.SelectMany(n => n.Output).Where(o => !results.Contains(o))];
                HashSet<string> read = [.. batch.SelectMany(Reads).Where(name => inputs.Contains(name) && !computed.Contains(name))];
                HashSet<string> needed = NeededBy(batch, results, replaced, shapes);
                NodeProto[] withConstants = [.. taken.Where(c => batch.SelectMany(Reads).Any(c.Output.Contains)), .. batch];
                parts.Add(Build(optimized, withConstants, read, own, constants, shapes, replaced, [.. order.Where(needed.Contains)]));
            }
            batch = [];
            held = 0;
        }
    }

    /// <summary>What a comparison of some changed nodes reads of the source: their results, inputs, and everything on the way from these to those.</summary>
    private static HashSet<string> NeededBy(
        IReadOnlyList<NodeProto> nodes, HashSet<string> results, Dictionary<string, NodeProto> replaced, ShapeTable shapes)
    {
        HashSet<string> needed = [.. nodes.SelectMany(Reads)], computed = [.. nodes.SelectMany(n => n.Output).Where(o => !results.Contains(o))];
        HashSet<string> inputs = [.. needed];
        needed.ExceptWith(computed);
        Stack<string> open = new(nodes.SelectMany(n => n.Output).Where(results.Contains));
        while (open.TryPop(out string? value))
        {
            needed.Add(value);
            if (!replaced.TryGetValue(value, out NodeProto? node))
                continue;
            foreach (string input in node.Input)
            {
                if (!needed.Contains(input) && !inputs.Contains(input))
                    open.Push(input);
            }
        }
        needed.RemoveWhere(name => shapes.Find(name) is null);
        return needed;
    }

    /// <summary>Nodes in groups, such that no group reads what another computes; each in the order given.</summary>
    private static IEnumerable<List<NodeProto>> Components(List<NodeProto> nodes, HashSet<string> results)
    {
        int[] leader = [.. Enumerable.Range(0, nodes.Count)];
        Dictionary<string, int> maker = new(StringComparer.Ordinal);
        for (int i = 0; i < nodes.Count; i++)
        {
            foreach (string output in nodes[i].Output.Where(o => o.Length > 0 && !results.Contains(o)))
                maker[output] = i;
        }
        for (int i = 0; i < nodes.Count; i++)
        {
            foreach (string name in Reads(nodes[i]))
            {
                if (maker.TryGetValue(name, out int other))
                    leader[Find(other)] = Find(i);
            }
        }
        return Enumerable.Range(0, nodes.Count).GroupBy(Find).Select(group => group.Select(i => nodes[i]).ToList());

        int Find(int i)
        {
            while (leader[i] != i)
                i = leader[i] = leader[leader[i]];
            return i;
        }
    }

    private static RewrittenParts Build(
        ModelProto optimized, IReadOnlyList<NodeProto> nodes, HashSet<string> inputs, IReadOnlyList<string> results,
        Dictionary<string, TensorProto> constants, ShapeTable shapes, Dictionary<string, NodeProto> replaced, IReadOnlyList<string> needed)
    {
        ModelProto model = ModelCopy.Header(optimized);
        GraphProto graph = model.Graph;
        graph.Input.Clear();
        graph.Output.Clear();
        graph.SparseInitializer.Clear();
        string[] sorted = [.. inputs.Order(StringComparer.Ordinal)];
        graph.Input.AddRange(sorted.Select(name => ValueInfo(name, shapes.Find(name)!)));
        HashSet<string> read = [.. nodes.SelectMany(Reads)];
        graph.Initializer.AddRange(constants.Values.Where(c => read.Contains(c.Name) && !inputs.Contains(c.Name)));
        if (model.IrVersion < 4)
            graph.Input.AddRange(graph.Initializer.Select(c => ValueInfo(c.Name, new TensorType((TensorProto.Types.DataType)c.DataType, [.. c.Dims]))));
        HashSet<string> isResult = new(results, StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            NodeProto copy = node.Clone();
            for (int i = 0; i < copy.Output.Count; i++)
            {
                if (isResult.Contains(copy.Output[i]))
                    copy.Output[i] += Suffix;
            }
            graph.Node.Add(copy);
        }
        Dictionary<string, string> outputs = new(StringComparer.Ordinal);
        foreach (string result in results)
        {
            outputs.Add(result + Suffix, result);
            graph.Output.Add(new ValueInfoProto { Name = result + Suffix });
        }
        return new RewrittenParts(model, sorted, outputs, replaced, needed);
    }

    private static Dictionary<string, TensorProto> Initializers(GraphProto graph)
    {
        Dictionary<string, TensorProto> found = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            found[tensor.Name] = tensor;
        return found;
    }

    private static Dictionary<string, NodeProto> MakersOf(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                makers[output] = node;
        }
        return makers;
    }

    /// <summary>True for nodes that compute the same, whatever they are called.</summary>
    private static bool Same(NodeProto a, NodeProto b) =>
        a.OpType == b.OpType && a.Domain == b.Domain && a.Input.Equals(b.Input) && a.Output.Equals(b.Output)
        && a.Attribute.Count == b.Attribute.Count && a.Attribute.All(x => b.Attribute.Any(y => ReferenceEquals(x, y) || x.Equals(y)));

    private static string FirstOutput(NodeProto node) => node.Output.FirstOrDefault(o => o.Length > 0) ?? "";

    private static IEnumerable<string> Reads(NodeProto node) => node.Input.Where(i => i.Length > 0).Concat(SubgraphCaptures.Of(node));

    /// <summary>The nodes that lead to a result: others are there for the order of execution alone.</summary>
    private static List<NodeProto> Leading(List<NodeProto> nodes, HashSet<string> results)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                makers[output] = node;
        }
        HashSet<NodeProto> leading = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        Stack<NodeProto> open = new(nodes.Where(n => n.Output.Any(results.Contains)));
        while (open.TryPop(out NodeProto? node))
        {
            if (!leading.Add(node))
                continue;
            foreach (string name in Reads(node))
            {
                if (makers.TryGetValue(name, out NodeProto? maker))
                    open.Push(maker);
            }
        }
        return nodes.FindAll(leading.Contains);
    }

    /// <summary>Nodes in an order in which each comes behind those whose values, other than results, it reads.</summary>
    private static List<NodeProto> TopologicallySorted(List<NodeProto> nodes, HashSet<string> results)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0 && !results.Contains(o)))
                makers[output] = node;
        }
        List<NodeProto> sorted = [];
        HashSet<NodeProto> seen = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        Stack<(NodeProto Node, bool Leaving)> stack = new();
        foreach (NodeProto root in nodes)
        {
            stack.Push((root, false));
            while (stack.TryPop(out (NodeProto Node, bool Leaving) top))
            {
                if (top.Leaving)
                {
                    sorted.Add(top.Node);
                    continue;
                }
                if (!seen.Add(top.Node))
                    continue;
                stack.Push((top.Node, true));
                foreach (string name in Reads(top.Node))
                {
                    if (makers.TryGetValue(name, out NodeProto? maker) && !seen.Contains(maker))
                        stack.Push((maker, false));
                }
            }
        }
        return sorted;
    }

    private static ValueInfoProto ValueInfo(string name, TensorType type)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(type.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type.ElementType, Shape = shape } } };
    }
}
