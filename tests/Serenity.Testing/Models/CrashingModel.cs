using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Testing.Models;

/// <summary>
/// A small and valid model that ends any process which gives it to ONNX Runtime (<see cref="Serenity.Onnx.Contract.RuntimeRules.NativeHazards"/>): both branches of an If make an optional sequence, and the
/// runtime follows a type that it does not have. A form of one of ONNX's own conformance models.
/// </summary>
public static class CrashingModel
{
    /// <summary>Creates it.</summary>
    public static ModelProto Create()
    {
        TypeProto sequence = new() { SequenceType = new TypeProto.Types.Sequence { ElemType = FloatTensor(5) } };
        TypeProto optional = new() { OptionalType = new TypeProto.Types.Optional { ElemType = sequence } };

        GraphProto then = new() { Name = "then_body" };
        NodeProto empty = Node("Optional", "nothing");
        empty.Attribute.Add(new AttributeProto { Name = "type", Type = AttributeProto.Types.AttributeType.TypeProto, Tp = sequence });
        then.Node.Add(empty);
        then.Output.Add(new ValueInfoProto { Name = "nothing", Type = optional });

        GraphProto otherwise = new() { Name = "else_body" };
        TensorProto numbers = new() { DataType = (int)DataType.Float };
        numbers.Dims.Add(5);
        numbers.FloatData.AddRange([1, 2, 3, 4, 5]);
        NodeProto constant = Node("Constant", "numbers");
        constant.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = numbers });
        otherwise.Node.Add(constant);
        otherwise.Node.Add(Node("SequenceConstruct", "list", "numbers"));
        otherwise.Node.Add(Node("Optional", "something", "list"));
        otherwise.Output.Add(new ValueInfoProto { Name = "something", Type = optional });

        NodeProto choice = Node("If", "chosen", "condition");
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = then });
        choice.Attribute.Add(new AttributeProto { Name = "else_branch", Type = AttributeProto.Types.AttributeType.Graph, G = otherwise });
        GraphProto graph = new() { Name = "choice" };
        graph.Node.Add(choice);
        TypeProto.Types.Tensor flag = new() { ElemType = (int)DataType.Bool, Shape = new TensorShapeProto() };
        graph.Input.Add(new ValueInfoProto { Name = "condition", Type = new TypeProto { TensorType = flag } });
        graph.Output.Add(new ValueInfoProto { Name = "chosen", Type = optional });
        ModelProto model = new() { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 16 });
        return model;
    }

    private static NodeProto Node(string type, string output, params string[] inputs)
    {
        NodeProto node = new() { OpType = type };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        return node;
    }

    private static TypeProto FloatTensor(long size)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        return new TypeProto { TensorType = tensor };
    }
}
