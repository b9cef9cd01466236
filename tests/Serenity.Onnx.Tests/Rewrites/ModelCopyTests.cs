using Google.Protobuf;
using Google.Protobuf.Reflection;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>A copy that shares the weights loses nothing else.</summary>
[TestClass]
public sealed class ModelCopyTests
{
    [TestMethod]
    public void A_copy_with_the_same_nodes_is_the_same_model_with_fields_of_later_versions_too()
    {
        ModelProto model = Full();
        ModelProto copy = ModelCopy.WithNodes(model, model.Graph.Node.Select(n => n.Clone()));

        Assert.AreEqual(model, copy);
        Assert.AreEqual(model.ToByteString(), copy.ToByteString());
    }

    [TestMethod]
    public void The_model_that_is_copied_has_every_field_there_is()
    {
        // So that a field which is added to the schema and not copied is noticed.
        ModelProto model = Full();
        foreach (IMessage message in (IMessage[])[model, model.Graph])
        {
            foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
            {
                bool present = field.IsRepeated ? ((System.Collections.IList)field.Accessor.GetValue(message)).Count > 0 : field.Accessor.HasValue(message);
                Assert.IsTrue(present, $"{message.Descriptor.Name}.{field.Name}");
            }
        }
    }

    private static ModelProto Full()
    {
        GraphProto graph = new() { Name = "graph", DocString = "about the graph" };
        graph.Node.Add(new NodeProto { Name = "n", OpType = "Relu", Input = { "x" }, Output = { "y" } });
        graph.Initializer.Add(new TensorProto { Name = "w" });
        graph.SparseInitializer.Add(new SparseTensorProto { Values = new TensorProto { Name = "s" } });
        graph.Input.Add(new ValueInfoProto { Name = "x" });
        graph.Output.Add(new ValueInfoProto { Name = "y" });
        graph.ValueInfo.Add(new ValueInfoProto { Name = "v" });
        graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "y" });
        graph.MetadataProps.Add(new StringStringEntryProto { Key = "k", Value = "v" });
        ModelProto model = new()
        {
            IrVersion = 10,
            ProducerName = "maker",
            ProducerVersion = "1",
            Domain = "org.example",
            ModelVersion = 3,
            DocString = "about the model",
            Graph = WithUnknownField(graph),
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 20 });
        model.MetadataProps.Add(new StringStringEntryProto { Key = "a", Value = "b" });
        model.TrainingInfo.Add(new TrainingInfoProto { Initialization = new GraphProto { Name = "start" } });
        model.Functions.Add(new FunctionProto { Name = "f" });
        model.Configuration.Add(new DeviceConfigurationProto { Name = "two", NumDevices = 2 });
        return WithUnknownField(model);
    }

    /// <summary>The message with a field of number 1999 behind it, a string.</summary>
    private static T WithUnknownField<T>(T message)
        where T : IMessage<T>, new()
    {
        using MemoryStream bytes = new();
        message.WriteTo(bytes);
        using (CodedOutputStream more = new(bytes, leaveOpen: true))
        {
            more.WriteTag(1999, WireFormat.WireType.LengthDelimited);
            more.WriteString("later");
        }
        return new MessageParser<T>(() => new T()).ParseFrom(bytes.ToArray());
    }
}
