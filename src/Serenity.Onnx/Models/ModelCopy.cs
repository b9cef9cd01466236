using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Copies of a model that share its weights, since those are most of it and never change.</summary>
internal static class ModelCopy
{
    /// <summary>The same model with other nodes.</summary>
    public static ModelProto WithNodes(ModelProto source, IEnumerable<NodeProto> nodes)
    {
        ModelProto model = Header(source);
        model.Graph.Node.AddRange(nodes);
        model.Graph.Initializer.AddRange(source.Graph.Initializer);
        model.Graph.ValueInfo.AddRange(source.Graph.ValueInfo);
        model.Graph.QuantizationAnnotation.AddRange(source.Graph.QuantizationAnnotation);
        return model;
    }

    /// <summary>The same model with another graph, which becomes the new model's own.</summary>
    public static ModelProto WithGraph(ModelProto source, GraphProto graph)
    {
        ModelProto model = Header(source);
        model.Graph = graph;
        return model;
    }

    /// <summary>The same model without nodes, initializers, value infos and quantization annotations.</summary>
    public static ModelProto Header(ModelProto source)
    {
        ModelProto model = new() { Graph = new GraphProto() };
        if (source.HasIrVersion)
            model.IrVersion = source.IrVersion;
        if (source.HasProducerName)
            model.ProducerName = source.ProducerName;
        if (source.HasProducerVersion)
            model.ProducerVersion = source.ProducerVersion;
        if (source.HasDomain)
            model.Domain = source.Domain;
        if (source.HasModelVersion)
            model.ModelVersion = source.ModelVersion;
        if (source.HasDocString)
            model.DocString = source.DocString;
        model.OpsetImport.AddRange(source.OpsetImport);
        model.MetadataProps.AddRange(source.MetadataProps);
        model.TrainingInfo.AddRange(source.TrainingInfo);
        model.Functions.AddRange(source.Functions);
        model.Configuration.AddRange(source.Configuration);
        model.TakeUnknownFields(source);

        GraphProto from = source.Graph, graph = model.Graph;
        if (from.HasName)
            graph.Name = from.Name;
        if (from.HasDocString)
            graph.DocString = from.DocString;
        graph.Input.AddRange(from.Input);
        graph.Output.AddRange(from.Output);
        graph.SparseInitializer.AddRange(from.SparseInitializer);
        graph.MetadataProps.AddRange(from.MetadataProps);
        graph.TakeUnknownFields(from);
        return model;
    }
}
