using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Sum re-association: a tree of Add and Sum, or a Mean, becomes one accumulation group, so that each term is added as soon as it is there. A term
/// that a convolution makes for the sum alone is added by the convolution itself; an accumulation group that feeds the sum alone (a
/// partitioned convolution) goes into it; a term scaled by a constant is added by a depthwise 1x1 convolution. Changes the order of a
/// floating-point sum; exact for integers.
/// </summary>
internal sealed class SumReassociation : IRewrite
{
    private const string Kind = "SumReassociation", AbsorptionKind = "AddAbsorption";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } =
    [
        new(Kind, RewriteSubject.Sums, RewriteExactness.BySite) { MayHinder = true, TakesAll = true },
        new(AbsorptionKind, RewriteSubject.Sums, RewriteExactness.Never) { MayHinder = true, JoinsOperators = true },
    ];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (Tree.Of(graph, node) is not { } tree)
                continue;
            yield return new RewriteSite(tree.Absorbs ? AbsorptionKind : Kind, [node.Name, .. tree.Inner], tree.Values, tree.IsExact);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } root || Tree.Of(graph, root) is not { } tree)
            return false;
        List<AccumulationWriter> writers = [];
        List<NodeProto> removed = [root];
        foreach (Term term in tree.Terms)
        {
            writers.AddRange(term.Writers(graph, $"{root.Name}/add{writers.Count + 1}"));
            removed.AddRange(term.Replaces);
            if (term.Group is not null)
                graph.RemoveGroup(term.Group);
        }
        removed.AddRange(tree.Inner.Select(name => graph.Find(name)!));
        AccumulationGroup group = new(root.Output[0], writers);
        graph.AddGroup(group);
        graph.Replace(removed, AccumulationWriters.Chain(graph, group));
        return true;
    }

    /// <summary>One term of a sum.</summary>
    /// <param name="Replaces">Nodes that make it for the sum alone.</param>
    /// <param name="Group">The group that makes it, or null.</param>
    /// <param name="Writers">Makes its writers; the argument names a writer that has no node yet.</param>
    private sealed record Term(IReadOnlyList<NodeProto> Replaces, AccumulationGroup? Group, Func<RewriteGraph, string, IEnumerable<AccumulationWriter>> Writers);

    private sealed class Tree
    {
        private readonly RewriteGraph _graph;
        private readonly TensorType _type;
        private readonly bool _convolves;
        private int _plain;

        private Tree(RewriteGraph graph, TensorType type)
        {
            _graph = graph;
            _type = type;
            _convolves = AccumulationWriters.CanConvolve(type);
        }

        public List<Term> Terms { get; } = [];

        /// <summary>Names of the sums below the root.</summary>
        public List<string> Inner { get; } = [];

        /// <summary>Values it makes unnecessary, or lets go of earlier.</summary>
        public List<string> Values { get; } = [];

        public bool Absorbs { get; private set; }

        public bool IsExact => _type.ElementType is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16);

        public static Tree? Of(RewriteGraph graph, NodeProto root)
        {
            if (OfMean(graph, root) is { } mean)
                return mean;
            if (!IsSum(graph, root, out TensorType? type) || graph.IsWriter(root.Name))
                return null;
            // Only the top of a tree.
            if (graph.OnlyConsumer(root.Output[0]) is { } above && !graph.IsWriter(above.Name) && IsSum(graph, above, out TensorType? aboveType) && type!.Equals(aboveType))
                return null;
            Tree tree = new(graph, type!);
            if (!tree.AddAll(root))
                return null;
            tree.Values.Add(root.Output[0]);
            // ONNX Runtime adds in place only in a convolution: there a sum gains nothing unless all terms but one are added that way.
            return graph.Executor.Traits().SumsInPlace || tree._convolves || tree._plain == 0 ? tree : null;
        }

        /// <summary>A mean is the sum of its terms, each scaled by one over their number.</summary>
        private static Tree? OfMean(RewriteGraph graph, NodeProto root)
        {
            if (!root.Is("Mean") || root.Input.Count < 2 || graph.IsWriter(root.Name) || graph.TypeOf(root.Output[0]) is not { } type || !AccumulationWriters.CanConvolve(type))
                return null;
            Tree tree = new(graph, type);
            float factor = 1f / root.Input.Count;
            foreach (string input in root.Input)
            {
                if (graph.Constant(input) is not null || !type.Equals(graph.TypeOf(input)))
                    return null;
                tree.Values.Add(input);
                tree.Terms.Add(new Term([], null, (into, name) => [AccumulationWriters.Scaled(into, into.NewNodeName(name), type, input, factor)]));
            }
            tree.Values.Add(root.Output[0]);
            return tree;
        }

        private static bool IsSum(RewriteGraph graph, NodeProto node, out TensorType? type)
        {
            type = null;
            if (!(node.Is("Add") && node.Input.Count == 2 && graph.Opset >= 7 || node.Is("Sum") && node.Input.Count >= 2))
                return false;
            type = graph.TypeOf(node.Output[0]);
            foreach (string input in node.Input)
            {
                if (type is null || graph.Constant(input) is not null || !type.Equals(graph.TypeOf(input)))
                    return false;
            }
            return Array.Exists(type!.Dims, d => d > 1) && !type.Dims.Contains(0);
        }

        private bool AddAll(NodeProto sum)
        {
            foreach (string input in sum.Input)
            {
                Values.Add(input);
                bool alone = sum.Input.Count(i => i == input) == 1 && _graph.OnlyConsumer(input) == sum;
                NodeProto? producer = _graph.Producer(input);
                if (alone && producer is not null && IsSum(_graph, producer, out _) && !_graph.IsWriter(producer.Name))
                {
                    Inner.Add(producer.Name);
                    if (!AddAll(producer))
                        return false;
                    continue;
                }
                Terms.Add((alone ? AddedByItself(input, producer) : null) ?? Scaled(sum, input, producer) ?? Plain(input));
            }
            return true;
        }

        /// <summary>A group, or a convolution, that feeds the sum alone.</summary>
        private Term? AddedByItself(string value, NodeProto? producer)
        {
            if (_graph.GroupOf(value) is { Activation: null } group)
            {
                Absorbs = true;
                return new Term([.. group.Writers.Select(w => _graph.Find(w)!)], group, (_, _) => group.Parts);
            }
            if (!_convolves || producer is null || ConvNode.Parse(_graph, producer) is not { Activation: "" } conv || conv.Type != DataType.Float)
                return null;
            Absorbs = true;
            Values.Add(value);
            return new Term([producer], null, (graph, name) =>
            {
                List<AccumulationWriter> writers = [AccumulationWriters.Convolution(producer, producer.Name, [.. producer.Input.Take(3)])];
                if (conv.Sum.Length > 0)
                    writers.Add(AccumulationWriters.InPlace(graph, graph.NewNodeName(name), _type, conv.Sum));
                return writers;
            });
        }

        /// <summary>A value times a constant, for the sum alone: one number, or one per channel.</summary>
        private Term? Scaled(NodeProto sum, string value, NodeProto? producer)
        {
            if (!_convolves || producer is null || !producer.Is("Mul") || _graph.Opset < 7 || _graph.OnlyConsumer(value) != sum)
                return null;
            for (int i = 0; i < 2; i++)
            {
                string scaled = producer.Input[1 - i];
                if (_graph.Constant(producer.Input[i]) is not { } factor || ChannelFactors(factor) is not { } factors || !_type.Equals(_graph.TypeOf(scaled)))
                    continue;
                int times = sum.Input.Count(v => v == value);
                if (times != 1)
                    return null;
                Values.Add(scaled);
                return new Term([producer], null, (graph, _) => [AccumulationWriters.Scaled(graph, producer.Name, _type, scaled, factors)]);
            }
            return null;
        }

        private Term Plain(string value)
        {
            _plain++;
            return new Term([], null, (graph, name) => [AccumulationWriters.InPlace(graph, graph.NewNodeName(name), _type, value)]);
        }

        /// <summary>A constant of one number, or of one per channel, as one number per channel; null for any other shape.</summary>
        private float[]? ChannelFactors(TensorProto tensor)
        {
            if (tensor.DataType != (int)DataType.Float || tensor.Dims.Count > _type.Dims.Length)
                return null;
            long channels = _type.Dims[1];
            int axis = 1 - (_type.Dims.Length - tensor.Dims.Count);
            for (int i = 0; i < tensor.Dims.Count; i++)
            {
                if (tensor.Dims[i] != 1 && (i != axis || tensor.Dims[i] != channels))
                    return null;
            }
            float[] values = _graph.Weights.ReadFloats(tensor)!;
            if (values.Length == 1)
            {
                float[] all = new float[channels];
                Array.Fill(all, values[0]);
                return all;
            }
            return values.Length == channels ? values : null;
        }
    }
}
