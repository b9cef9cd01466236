using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>Writes a rewritten graph as a model: the source's, with other nodes, the constants that were added, and without what nobody uses any more.</summary>
/// <param name="source">The source model; not changed.</param>
internal sealed class CandidateWriter(ModelProto source)
{
    private readonly HashSet<string> _inputs = new(source.Graph.Input.Select(i => i.Name), StringComparer.Ordinal);
    private HashSet<string>? _usedBefore;

    /// <summary>The model, and the names of all its values.</summary>
    /// <param name="nodes">Its nodes.</param>
    /// <param name="groups">Its accumulation groups.</param>
    /// <param name="added">Constants that the source does not have.</param>
    public (ModelProto Model, HashSet<string> Values) Write(NodeIndex nodes, IReadOnlyCollection<AccumulationGroup> groups, IReadOnlyList<TensorProto> added)
    {
        ModelProto model = ModelCopy.Header(source);
        GraphProto graph = model.Graph;
        graph.Node.AddRange(nodes.InOrder);
        HashSet<string> used = Used(nodes, groups), usedBefore = _usedBefore ??= UsedBefore();
        foreach (TensorProto initializer in source.Graph.Initializer)
        {
            // An initializer that is listed as an input, and can be overridden, is part of the model's face.
            bool isListed = source.IrVersion >= 4 && _inputs.Contains(initializer.Name);
            if (used.Contains(initializer.Name) || !usedBefore.Contains(initializer.Name) || isListed)
                graph.Initializer.Add(initializer);
        }
        TensorProto[] needed = [.. added.Where(t => used.Contains(t.Name))];
        graph.Initializer.AddRange(needed);
        if (model.IrVersion < 4)
            ListInitializers(graph, needed);
        if (nodes.All.Any(n => n.Domain == OperatorDomain.Microsoft) && model.OpsetImport.All(o => o.Domain != OperatorDomain.Microsoft))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = OperatorDomain.Microsoft, Version = 1 });

        HashSet<string> exist = [.. nodes.Made, .. _inputs, .. graph.Initializer.Select(i => i.Name)];
        graph.ValueInfo.AddRange(source.Graph.ValueInfo.Where(v => exist.Contains(v.Name)));
        graph.QuantizationAnnotation.AddRange(source.Graph.QuantizationAnnotation.Where(a => exist.Contains(a.TensorName)));
        return (model, exist);
    }

    /// <summary>What the source's nodes read; an initializer that nothing read there is kept, since it was there for a reason.</summary>
    private HashSet<string> UsedBefore()
    {
        HashSet<string> used = new(StringComparer.Ordinal);
        foreach (NodeProto node in source.Graph.Node)
        {
            used.UnionWith(node.Input);
            used.UnionWith(SubgraphCaptures.Of(node));
        }
        return used;
    }

    private HashSet<string> Used(NodeIndex nodes, IEnumerable<AccumulationGroup> groups)
    {
        HashSet<string> used = new(source.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        used.UnionWith(nodes.Read);
        // A group's writers may yet change their form, so what either form reads stays.
        foreach (AccumulationWriter writer in groups.SelectMany(g => g.Parts))
        {
            used.UnionWith(writer.First.Input);
            used.UnionWith(writer.Further.Input);
        }
        return used;
    }

    /// <summary>Every initializer is listed as an input before IR version 4; one that is listed and not given has to be fed.</summary>
    private void ListInitializers(GraphProto graph, TensorProto[] added)
    {
        HashSet<string> given = [.. graph.Initializer.Select(i => i.Name)], gone = [.. source.Graph.Initializer.Select(i => i.Name).Where(name => !given.Contains(name))];
        graph.Input.Clear();
        graph.Input.AddRange(source.Graph.Input.Where(i => !gone.Contains(i.Name)));
        foreach (TensorProto tensor in added)
        {
            TensorShapeProto shape = new();
            shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } } });
        }
    }
}
