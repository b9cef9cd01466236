using Google.Protobuf;

namespace Serenity.Onnx.Schema;

/// <summary>Fields of later versions of ONNX, which this schema does not name and which must survive all the same.</summary>
public sealed partial class ModelProto
{
    /// <summary>Takes the fields that the schema does not know from another message.</summary>
    internal void TakeUnknownFields(ModelProto from) => _unknownFields = UnknownFieldSet.Clone(from._unknownFields);
}

/// <summary>Fields of later versions of ONNX, which this schema does not name and which must survive all the same.</summary>
public sealed partial class GraphProto
{
    /// <summary>Takes the fields that the schema does not know from another message.</summary>
    internal void TakeUnknownFields(GraphProto from) => _unknownFields = UnknownFieldSet.Clone(from._unknownFields);
}
