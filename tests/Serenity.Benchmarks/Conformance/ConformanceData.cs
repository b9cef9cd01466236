using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Benchmarks.Conformance;

/// <summary>A model's inputs as the conformance suite gives them: <c>test_data_set_0/input_N.pb</c>, a tensor, a sequence or an optional.</summary>
internal static class ConformanceData
{
    /// <summary>Reads the values of inputs, in the model's order; an input of which the suite has none is left out.</summary>
    public static IReadOnlyList<KeyValuePair<string, RuntimeValue>> Read(string modelPath, GraphProto graph)
    {
        string folder = Path.Combine(Path.GetDirectoryName(modelPath)!, "test_data_set_0");
        List<KeyValuePair<string, RuntimeValue>> values = [];
        for (int i = 0; i < graph.Input.Count; i++)
        {
            string file = Path.Combine(folder, $"input_{i}.pb");
            if (File.Exists(file) && Value(File.ReadAllBytes(file), graph.Input[i].Type) is { } value)
                values.Add(new(graph.Input[i].Name, value));
        }
        return values;
    }

    // onnx-data.proto: SequenceProto { name=1, elem_type=2, tensor_values=3, …, sequence_values=5 }, OptionalProto { name=1, elem_type=2, tensor_value=3, …, sequence_value=5 }.
    private static RuntimeValue? Value(byte[] bytes, TypeProto type)
    {
        if (type.ValueCase == TypeProto.ValueOneofCase.TensorType)
            return Tensor(TensorProto.Parser.ParseFrom(bytes));
        bool optional = type.ValueCase == TypeProto.ValueOneofCase.OptionalType;
        TypeProto? element = optional ? type.OptionalType.ElemType : type.SequenceType?.ElemType;
        if (element is null)
            return null;
        List<RuntimeValue> elements = [];
        CodedInputStream stream = new(bytes);
        for (uint tag; (tag = stream.ReadTag()) != 0;)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            if (field is not (3 or 5) || WireFormat.GetTagWireType(tag) != WireFormat.WireType.LengthDelimited)
                stream.SkipLastField();
            else if (Value(stream.ReadBytes().ToByteArray(), element) is { } value)
                elements.Add(value);
        }
        return optional ? elements.FirstOrDefault() : new RuntimeValue.Sequence(elements);
    }

    private static RuntimeValue Tensor(TensorProto tensor) => (TensorProto.Types.DataType)tensor.DataType == TensorProto.Types.DataType.String
        ? new RuntimeValue.Strings([.. tensor.Dims], [.. tensor.StringData.Select(s => s.ToStringUtf8())])
        : new RuntimeValue.Tensor((TensorElementType)tensor.DataType, [.. tensor.Dims], TensorData.ToRaw(tensor));
}
