using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// What is verified in place of a model of which one run is more work than a build affords: the same model with smaller sizes of its open dimensions, or else the first part of the network.
/// It is planned and verified as any other model, with the options of the model that it stands for.
/// </summary>
/// <param name="File">The model, or the part of it.</param>
/// <param name="Sizes">Sizes of its open dimensions.</param>
/// <param name="What">What it is, for the manifest.</param>
internal sealed record VerificationStandIn(LoadedModel File, IReadOnlyDictionary<string, long> Sizes, VerifiedInstead What)
{
    /// <summary>How often sizes are halved before the network is cut instead: 2^40 elements are more than any model has.</summary>
    private const int MostHalvings = 40;

    /// <summary>Finds stand-ins, those that say most first.</summary>
    /// <param name="source">The model.</param>
    /// <param name="request">What was asked of it.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static IEnumerable<VerificationStandIn> For(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
    {
        foreach (VerificationStandIn smaller in Smaller(source, request, cancellation))
            yield return smaller;
        if (Part(source, request.VerifyLimit) is { } part)
            yield return part with { Sizes = Largest(request) };
    }

    /// <summary>The request that plans it.</summary>
    /// <param name="request">What was asked of the model that it stands for.</param>
    /// <param name="level">Which rewrites the plan of that model has.</param>
    public OptimizeRequest Request(OptimizeRequest request, RewriteLevel level) => request with
    {
        FreeDimensions = Sizes,
        Ranges = OptimizeRequest.NoRanges,
        PlannedAt = null,
        FreeDimensionsAreDefaults = false,
        Rewrite = level,
        // The file is cut already; samples have the sizes of the whole model, and bounds may be of values that a part does not have.
        Inputs = null,
        Outputs = null,
        FixedInputs = null,
        SamplePaths = [],
        Bounds = What.Outputs is null ? request.Bounds : null,
        OutputName = null,
        Layouts = [],
        LayoutsWhereUseful = false,
        Progress = null,
    };

    /// <summary>
    /// The model with the largest sizes halved until a run is little enough work. Sizes that are the same are halved together, since those of ids and of their mask
    /// have to agree; where the model does not take the smaller ones, they stay, and others are halved.
    /// </summary>
    private static IEnumerable<VerificationStandIn> Smaller(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
    {
        SortedDictionary<string, long> sizes = new(Largest(request), StringComparer.Ordinal);
        HashSet<string> settled = new(StringComparer.Ordinal);
        for (int halvings = 0; halvings < MostHalvings; halvings++)
        {
            cancellation.ThrowIfCancellationRequested();
            long largest = sizes.Where(s => !settled.Contains(s.Key)).Select(s => s.Value).DefaultIfEmpty(0).Max();
            if (largest < 2)
                yield break;
            string[] together = [.. sizes.Where(s => s.Value == largest && !settled.Contains(s.Key)).Select(s => s.Key)];
            SortedDictionary<string, long> less = new(sizes, StringComparer.Ordinal);
            foreach (string name in together)
                less[name] = largest / 2;
            long? work = Work(source, request with { FreeDimensions = less }, cancellation);
            if (work is null)
            {
                settled.UnionWith(together);
                continue;
            }
            sizes = less;
            if (work <= request.VerifyLimit)
                yield return new VerificationStandIn(source.File, sizes, new VerifiedInstead(sizes, null));
        }
    }

    /// <summary>The size of each open dimension; of a range the largest.</summary>
    private static Dictionary<string, long> Largest(OptimizeRequest request)
    {
        Dictionary<string, long> sizes = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string name, SizeRange range) in request.Ranges)
            sizes[name] = range.To;
        return sizes;
    }

    /// <summary>Work of a run with other sizes; null where the model does not take them.</summary>
    private static long? Work(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
    {
        try
        {
            OptimizeRequest settled = SourceModel.Settle(source.File.Model, request with { FreeDimensionsAreDefaults = false, Ranges = OptimizeRequest.NoRanges, PlannedAt = null });
            SourceModel sized = SourceModel.Prepare(source.File, settled, cancellation);
            return WorkEstimate.Of(sized.Model.Graph, sized.Shapes.Main);
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    /// <summary>The network up to where a run is as much work as it may be: all nodes in order that come to no more, and what the rest reads of them.</summary>
    private static VerificationStandIn? Part(SourceModel source, long limit)
    {
        GraphProto graph = source.File.Model.Graph;
        double work = 0;
        HashSet<NodeProto> taken = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        HashSet<string> made = new(StringComparer.Ordinal);
        foreach (int position in TopologicalOrder.Of(new GraphView(graph)))
        {
            NodeProto node = graph.Node[position];
            work += WorkEstimate.OfNode(node, name => source.Shapes.Main.Find(name)?.Dims);
            if (work > limit)
                break;
            taken.Add(node);
            if (!ConstantNode.Is(node))
                made.UnionWith(node.Output.Where(o => o.Length > 0));
        }
        string[] outputs = [.. graph.Node.Where(node => !taken.Contains(node)).SelectMany(node => node.Input.Concat(SubgraphCaptures.Of(node)))
            .Concat(graph.Output.Select(o => o.Name)).Where(made.Contains).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return outputs.Length == 0 || taken.Count == graph.Node.Count ? null
            : new VerificationStandIn(ModelCut.Apply(source.File, [], outputs), new Dictionary<string, long>(), new VerifiedInstead(null, outputs));
    }
}
