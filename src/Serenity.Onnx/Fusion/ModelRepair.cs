using Google.Protobuf.Collections;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>
/// Gives a model that ONNX Runtime saved back what saving loses, from the model it was made of: producer, versions, metadata, doc strings, functions,
/// training information, the user's own inputs and outputs, quantization annotations, notes on values; and puts initializers, which it
/// saves in the order of a hash table, in a fixed order.
/// </summary>
internal static class ModelRepair
{
    /// <summary>A model with the nodes and weights of <paramref name="saved"/> and all else of <paramref name="source"/>.</summary>
    public static ModelProto Restore(ModelProto source, ModelProto saved)
    {
        // Start from the source, so that fields we do not know survive.
        GraphProto sourceGraph = source.Graph;
        ModelProto restored = new(source) { Graph = null };
        restored.OpsetImport.Clear();
        restored.OpsetImport.Add(Opsets(source, saved));
        GraphProto graph = new(sourceGraph);
        graph.Node.Clear();
        graph.Node.Add(saved.Graph.Node);
        ShadowedNames.Rename(graph);
        OrderBodies(graph);
        RestoreNodes(sourceGraph, graph);
        graph.Initializer.Clear();
        graph.Initializer.Add(InOrder(sourceGraph.Initializer, saved.Graph.Initializer));
        graph.SparseInitializer.Clear();
        graph.SparseInitializer.Add(saved.Graph.SparseInitializer);
        SetInitializersApart(restored, graph, sourceGraph);
        KeepNotesOnRemaining(graph);
        restored.Graph = graph;
        return restored;
    }

    /// <summary>ONNX Runtime saves the initializers of subgraphs, and what it notes of their values, in the order of hash tables.</summary>
    private static void OrderBodies(GraphProto graph)
    {
        foreach (GraphProto body in graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf))
        {
            Order(body.Initializer, i => i.Name);
            Order(body.ValueInfo, v => v.Name);
            OrderBodies(body);
        }
    }

    private static void Order<T>(RepeatedField<T> items, Func<T, string> name)
    {
        T[] ordered = [.. items.OrderBy(name, StringComparer.Ordinal)];
        items.Clear();
        items.Add(ordered);
    }

    /// <summary>The source's imports, plus those of domains that only the saved nodes use. ONNX Runtime writes every domain it knows.</summary>
    private static IEnumerable<OperatorSetIdProto> Opsets(ModelProto source, ModelProto saved)
    {
        HashSet<string> present = new(StringComparer.Ordinal);
        foreach (OperatorSetIdProto opset in source.OpsetImport)
        {
            // ONNX Runtime may convert to another version of ai.onnx; what it wrote is what the nodes mean.
            OperatorSetIdProto written = saved.OpsetImport.FirstOrDefault(o => Plain(o.Domain) == Plain(opset.Domain)) ?? opset;
            present.Add(Plain(opset.Domain));
            yield return new OperatorSetIdProto(opset) { Version = written.Version };
        }
        HashSet<string> used = new(ModelNodes.All(saved.Graph).Select(n => Plain(n.Domain)), StringComparer.Ordinal);
        foreach (OperatorSetIdProto opset in saved.OpsetImport.OrderBy(o => o.Domain, StringComparer.Ordinal))
        {
            if (used.Contains(Plain(opset.Domain)) && present.Add(Plain(opset.Domain)))
                yield return opset;
        }
    }

    private static string Plain(string domain) => domain == "ai.onnx" ? "" : domain;

    /// <summary>
    /// Before format 4 every initializer had to be a graph input too, though ONNX Runtime never let a caller set it; folding makes initializers that are
    /// not. Such a model rises to format 4, and its initializers are inputs no more: from format 4 on a caller could set those. Where it does not make any,
    /// those that it used up or that nobody read are gone, and are no inputs either.
    /// </summary>
    private static void SetInitializersApart(ModelProto model, GraphProto graph, GraphProto source)
    {
        const long initializersApart = 4;
        HashSet<string> inputs = new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        if (model.IrVersion >= initializersApart)
            return;
        HashSet<string> weights = new(source.Initializer.Select(i => i.Name), StringComparer.Ordinal);
        if (graph.Initializer.All(i => inputs.Contains(i.Name)))
        {
            // An input without a value would be one that the caller has to give.
            weights.ExceptWith(graph.Initializer.Select(i => i.Name));
        }
        else
        {
            model.IrVersion = initializersApart;
        }
        graph.Input.Keep(i => !weights.Contains(i.Name));
    }

    /// <summary>Nodes that are still there get back what their protobuf said besides the computation.</summary>
    private static void RestoreNodes(GraphProto source, GraphProto graph)
    {
        Dictionary<string, NodeProto> byOutput = new(StringComparer.Ordinal);
        foreach (NodeProto node in source.Node)
        {
            if (node.Output.Count > 0)
                byOutput[node.Output[0]] = node;
        }
        foreach (NodeProto node in graph.Node)
        {
            if (node.Output.Count == 0 || !byOutput.TryGetValue(node.Output[0], out NodeProto? old) || old.OpType != node.OpType)
                continue;
            if (old.HasDocString && !node.HasDocString)
                node.DocString = old.DocString;
            if (node.MetadataProps.Count == 0)
                node.MetadataProps.Add(old.MetadataProps);
        }
    }

    private static IEnumerable<TensorProto> InOrder(RepeatedField<TensorProto> source, RepeatedField<TensorProto> saved)
    {
        Dictionary<string, TensorProto> left = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in saved)
            left[tensor.Name] = tensor;
        foreach (TensorProto tensor in source)
        {
            // An untouched weight keeps the source's own bytes: external data, doc string, typed or raw storage.
            if (left.Remove(tensor.Name, out TensorProto? written))
                yield return SameTensor(tensor, written) ? tensor : written;
        }
        foreach (TensorProto tensor in left.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
            yield return tensor;
    }

    /// <summary>True if nothing but the way of storage differs. ONNX Runtime may change a weight under its name (transpose it), so data is compared.</summary>
    private static bool SameTensor(TensorProto source, TensorProto written)
    {
        if (source.DataType != written.DataType || !source.Dims.Equals(written.Dims))
            return false;
        if (source.DataType == (int)TensorProto.Types.DataType.String)
            return source.StringData.Equals(written.StringData);
        // What lies outside and is still outside was not touched.
        bool outside = TensorData.IsExternal(source);
        if (outside || TensorData.IsExternal(written))
            return outside == TensorData.IsExternal(written);
        return source.RawData.Length > 0 && written.RawData.Length > 0
            ? source.RawData.Equals(written.RawData)
            : TensorData.ToRaw(source).AsSpan().SequenceEqual(TensorData.ToRaw(written));
    }

    /// <summary>Drops notes on values that are no more.</summary>
    private static void KeepNotesOnRemaining(GraphProto graph)
    {
        HashSet<string> values = new(StringComparer.Ordinal);
        values.UnionWith(graph.Input.Select(i => i.Name));
        values.UnionWith(graph.Initializer.Select(i => i.Name));
        foreach (NodeProto node in graph.Node)
            values.UnionWith(node.Output);
        graph.ValueInfo.Keep(v => values.Contains(v.Name));
        graph.QuantizationAnnotation.Keep(q => values.Contains(q.TensorName)
            && q.QuantParameterTensorNames.All(p => values.Contains(p.Value)));
    }
}
