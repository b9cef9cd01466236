using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Takes a concat apart on the way to one of its readers: sinks it through operators that work part by part until operators absorb it, or
/// until it is smaller than it was. One site per reader, named for what happens at its end.
/// </summary>
internal sealed class ConcatDissolution : IRewrite
{
    private static readonly IConcatRewrite[] _rewrites = [new ChannelPartition(), new KernelPartition(), new MatMulPartition(), new ConcatSinking()];

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [.. _rewrites.Select(rewrite => rewrite.Description)];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto concat in graph.Nodes)
        {
            if (!concat.IsConcat() || ConcatParts.Of(graph, concat.Output[0]) is not { } parts)
                continue;
            foreach (NodeProto reader in graph.Consumers(parts.Value))
            {
                Way way = new();
                if (Follow(graph, parts, reader, way))
                    yield return new RewriteSite(way.Kind, [reader.Name, concat.Name, .. way.Nodes.Skip(1)], way.Values, way.IsExact, concat.Name);
            }
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } reader || graph.Find(site.Detail) is not { } concat)
            return false;
        if (ConcatParts.Of(graph, concat.Output[0]) is not { } parts || !Follow(graph, parts, reader, new Way()))
            return false;
        Dissolve(graph, parts, reader);
        return true;
    }

    /// <summary>Dissolves a concat on the way to one reader, and what is left of it behind that.</summary>
    internal static void Dissolve(RewriteGraph graph, ConcatParts parts, NodeProto reader)
    {
        (IConcatRewrite rewrite, ConcatEffect effect) = Find(graph, parts, reader);
        rewrite.Apply(graph, parts, reader);
        if (effect != ConcatEffect.Sinks || ConcatParts.Of(graph, reader.Output[0]) is not { } behind)
            return;
        foreach (NodeProto next in graph.Consumers(behind.Value).ToArray())
        {
            if (Follow(graph, behind, next, new Way()))
                Dissolve(graph, behind, next);
        }
    }

    /// <summary>True if something at the end of the way absorbs the concat, or it ends smaller than it began.</summary>
    internal static bool Follow(RewriteGraph graph, ConcatParts parts, NodeProto reader, Way way)
    {
        (IConcatRewrite? rewrite, ConcatEffect effect) = Find(graph, parts, reader);
        if (effect == ConcatEffect.None)
            return false;
        way.Nodes.Add(reader.Name);
        way.Values.Add(parts.Value);
        way.IsExact &= rewrite.IsExactFor(reader);
        if (effect == ConcatEffect.Absorbs)
        {
            way.Kind = rewrite.Description.Kind;
            return true;
        }
        if (way.Kind.Length == 0 || rewrite.Description.EndsConcat)
            way.Kind = rewrite.Description.Kind;
        string output = reader.Output[0];
        bool gains = false;
        if (SplitType(graph, parts, output) is { } behind)
        {
            foreach (NodeProto next in graph.Consumers(output))
                gains |= Follow(graph, behind, next, way);
        }
        return gains || graph.BytesOf(output) < graph.BytesOf(parts.Value);
    }

    /// <summary>True if all that reads the concat, directly or through what works part by part, absorbs it.</summary>
    internal static bool FollowsWholly(RewriteGraph graph, ConcatParts parts, NodeProto reader, Way way)
    {
        (IConcatRewrite? _, ConcatEffect effect) = Find(graph, parts, reader);
        if (effect == ConcatEffect.None)
            return false;
        way.Nodes.Add(reader.Name);
        way.Values.Add(parts.Value);
        if (effect == ConcatEffect.Absorbs)
            return true;
        string output = reader.Output[0];
        return !graph.IsOutput(output) && graph.ConsumerCount(output) > 0 && SplitType(graph, parts, output) is { } behind
            && graph.Consumers(output).All(next => FollowsWholly(graph, behind, next, way));
    }

    /// <summary>What a rewrite would leave behind a reader that it sinks through, without doing it.</summary>
    private static ConcatParts? SplitType(RewriteGraph graph, ConcatParts parts, string output)
    {
        long total = graph.TypeOf(output)!.Dims[parts.Axis];
        if (OpenSizes.IsOpen(total) || total % parts.Total != 0 && parts.Total % total != 0)
            return null;
        long[] sizes = [.. parts.Sizes.Select(s => s * total / parts.Total)];
        if (sizes.Sum() != total)
            return null;
        return parts with { Value = output, Sizes = sizes, Alike = total == parts.Total ? [.. parts.Alike, parts.Value] : [] };
    }

    private static (IConcatRewrite Rewrite, ConcatEffect Effect) Find(RewriteGraph graph, ConcatParts parts, NodeProto reader)
    {
        foreach (IConcatRewrite rewrite in graph.IsWriter(reader.Name) ? [] : _rewrites)
        {
            ConcatEffect effect = rewrite.Match(graph, parts, reader);
            if (effect != ConcatEffect.None)
                return (rewrite, effect);
        }
        return (_rewrites[0], ConcatEffect.None);
    }

    /// <summary>What lies on the way of a concat.</summary>
    internal sealed class Way
    {
        public string Kind { get; set; } = "";

        public bool IsExact { get; set; } = true;

        public List<string> Nodes { get; } = [];

        public List<string> Values { get; } = [];
    }
}
