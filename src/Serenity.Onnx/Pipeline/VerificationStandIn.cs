using Serenity.Onnx.Contract;
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
    /// <summary>Finds stand-ins, those that say most first.</summary>
    /// <param name="source">The model.</param>
    /// <param name="request">What was asked of it.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static IEnumerable<VerificationStandIn> For(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
    {
        foreach (SmallerSizes smaller in SmallerSizes.Of(source, request, withinRanges: false, cancellation).Where(s => s.Work <= request.VerifyLimit))
            yield return new VerificationStandIn(source.File, smaller.Sizes, new VerifiedInstead(smaller.Sizes, null));
        if (Part(source, request.VerifyLimit) is { } part)
            yield return part with { Sizes = SmallerSizes.Largest(request) };
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
        SharedBuffers = What.Outputs is null ? request.SharedBuffers : null,
        Filled = null,
        OutputName = null,
        Layouts = [],
        LayoutsWhereUseful = false,
        Progress = null,
    };

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
