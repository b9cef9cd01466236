namespace Serenity.Onnx.Models;

/// <summary>How the value of a field is written.</summary>
internal enum WireKind : byte
{
    /// <summary>The schema has no such field.</summary>
    Unknown,

    /// <summary>A number of variable length: integers, enums.</summary>
    Varint,

    /// <summary>Four bytes.</summary>
    Fixed32,

    /// <summary>Eight bytes.</summary>
    Fixed64,

    /// <summary>Text in UTF-8.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>A message of its own.</summary>
    Message,
}

/// <summary>A field of the schema.</summary>
/// <param name="Name">Its name in the schema.</param>
/// <param name="Kind">How it is written.</param>
/// <param name="IsRepeated">True if numbers may also be packed.</param>
/// <param name="Message">For a message: its type.</param>
internal readonly record struct WireField(string Name, WireKind Kind, bool IsRepeated, string? Message);

/// <summary>
/// Schema/onnx.proto as field numbers and kinds, for <see cref="WireCheck"/>. Protobuf's own descriptors say the same, but take 100 ms to
/// come up in a fresh process, more than all the rest of loading a small model. A test holds the two together.
/// </summary>
internal static class WireSchema
{
    // NAME: number name kind, with kind v (varint), f, d (fixed), s (text), b (bytes) or a message's name; * for repeated.
    private static readonly string[] _text =
    [
        "AttributeProto: 1 name s, 21 ref_attr_name s, 13 doc_string s, 20 type v, 2 f f, 3 i v, 4 s b, 5 t TensorProto, 6 g GraphProto, 22 sparse_tensor SparseTensorProto, 14 tp TypeProto, 7 floats f*, 8 ints v*, 9 strings b*, 10 tensors TensorProto*, 11 graphs GraphProto*, 23 sparse_tensors SparseTensorProto*, 15 type_protos TypeProto*",
        "ValueInfoProto: 1 name s, 2 type TypeProto, 3 doc_string s, 4 metadata_props StringStringEntryProto*",
        "NodeProto: 1 input s*, 2 output s*, 3 name s, 4 op_type s, 7 domain s, 8 overload s, 5 attribute AttributeProto*, 6 doc_string s, 9 metadata_props StringStringEntryProto*, 10 device_configurations NodeDeviceConfigurationProto*",
        "IntIntListEntryProto: 1 key v, 2 value v*",
        "NodeDeviceConfigurationProto: 1 configuration_id s, 2 sharding_spec ShardingSpecProto*, 3 pipeline_stage v",
        "ShardingSpecProto: 1 tensor_name s, 2 device v*, 3 index_to_device_group_map IntIntListEntryProto*, 4 sharded_dim ShardedDimProto*",
        "ShardedDimProto: 1 axis v, 2 simple_sharding SimpleShardedDimProto*",
        "SimpleShardedDimProto: 1 dim_value v, 2 dim_param s, 3 num_shards v",
        "TrainingInfoProto: 1 initialization GraphProto, 2 algorithm GraphProto, 3 initialization_binding StringStringEntryProto*, 4 update_binding StringStringEntryProto*",
        "ModelProto: 1 ir_version v, 8 opset_import OperatorSetIdProto*, 2 producer_name s, 3 producer_version s, 4 domain s, 5 model_version v, 6 doc_string s, 7 graph GraphProto, 14 metadata_props StringStringEntryProto*, 20 training_info TrainingInfoProto*, 25 functions FunctionProto*, 26 configuration DeviceConfigurationProto*",
        "DeviceConfigurationProto: 1 name s, 2 num_devices v, 3 device s*",
        "StringStringEntryProto: 1 key s, 2 value s",
        "TensorAnnotation: 1 tensor_name s, 2 quant_parameter_tensor_names StringStringEntryProto*",
        "GraphProto: 1 node NodeProto*, 2 name s, 5 initializer TensorProto*, 15 sparse_initializer SparseTensorProto*, 10 doc_string s, 11 input ValueInfoProto*, 12 output ValueInfoProto*, 13 value_info ValueInfoProto*, 14 quantization_annotation TensorAnnotation*, 16 metadata_props StringStringEntryProto*",
        "TensorProto: 1 dims v*, 2 data_type v, 3 segment Segment, 4 float_data f*, 5 int32_data v*, 6 string_data b*, 7 int64_data v*, 8 name s, 12 doc_string s, 9 raw_data b, 13 external_data StringStringEntryProto*, 14 data_location v, 10 double_data d*, 11 uint64_data v*, 16 metadata_props StringStringEntryProto*",
        "Segment: 1 begin v, 2 end v",
        "SparseTensorProto: 1 values TensorProto, 2 indices TensorProto, 3 dims v*",
        "TensorShapeProto: 1 dim Dimension*",
        "Dimension: 1 dim_value v, 2 dim_param s, 3 denotation s",
        "TypeProto: 1 tensor_type Tensor, 4 sequence_type Sequence, 5 map_type Map, 9 optional_type Optional, 8 sparse_tensor_type SparseTensor, 7 opaque_type Opaque, 6 denotation s",
        "Tensor: 1 elem_type v, 2 shape TensorShapeProto",
        "Sequence: 1 elem_type TypeProto",
        "Map: 1 key_type v, 2 value_type TypeProto",
        "Optional: 1 elem_type TypeProto",
        "SparseTensor: 1 elem_type v, 2 shape TensorShapeProto",
        "Opaque: 1 domain s, 2 name s",
        "OperatorSetIdProto: 1 domain s, 2 version v",
        "FunctionProto: 1 name s, 4 input s*, 5 output s*, 6 attribute s*, 11 attribute_proto AttributeProto*, 7 node NodeProto*, 8 doc_string s, 9 opset_import OperatorSetIdProto*, 10 domain s, 13 overload s, 12 value_info ValueInfoProto*, 14 metadata_props StringStringEntryProto*",
    ];

    /// <summary>The fields of each message by number; entries that are not there have kind <see cref="WireKind.Unknown"/>.</summary>
    public static Dictionary<string, WireField[]> Messages { get; } = Read();

    private static Dictionary<string, WireField[]> Read()
    {
        Dictionary<string, WireField[]> messages = new(StringComparer.Ordinal);
        foreach (string line in _text)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            WireField[] fields = new WireField[32];
            foreach (string field in line[(colon + 1)..].Split(','))
            {
                string[] words = field.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                bool repeated = words[2].EndsWith('*');
                string kind = repeated ? words[2][..^1] : words[2];
                fields[int.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture)] = kind switch
                {
                    "v" => new WireField(words[1], WireKind.Varint, repeated, null),
                    "f" => new WireField(words[1], WireKind.Fixed32, repeated, null),
                    "d" => new WireField(words[1], WireKind.Fixed64, repeated, null),
                    "s" => new WireField(words[1], WireKind.Text, repeated, null),
                    "b" => new WireField(words[1], WireKind.Bytes, repeated, null),
                    _ => new WireField(words[1], WireKind.Message, repeated, kind),
                };
            }
            messages.Add(line[..colon], fields);
        }
        return messages;
    }
}
