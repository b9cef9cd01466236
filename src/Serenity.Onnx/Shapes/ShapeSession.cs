using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>Loads a probe in ONNX Runtime and reads the types and shapes of its outputs.</summary>
internal static class ShapeSession
{
    /// <summary>A value of more bytes is not folded: shapes are computed from far less, and by default a node may make 1 GiB.</summary>
    private const string MostFoldedBytes = "1048576";

    /// <summary>Types of the probe's outputs. A shape that is not fully known has open dimensions, or no shape at all.</summary>
    /// <param name="model">The probe, serialized.</param>
    /// <param name="folder">Folder of the source model, for external data.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the probe.</exception>
    /// <exception cref="SerenityException">SER1701: ONNX Runtime cannot be loaded on this host.</exception>
    public static Dictionary<string, TypeProto> Ask(byte[] model, string folder)
    {
        Dictionary<string, TypeProto> types = new(StringComparer.Ordinal);
        using SessionOptions options = Options(folder);
        // At this level shapes that are computed from other shapes become constants; values that are outputs keep their names.
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC;
        options.AddSessionConfigEntry(FoldedConstants.LimitOption, MostFoldedBytes);
        // Through the C interface: the managed package cuts dimensions to 32 bits without a word, has no name for some element types, and refuses a model for one of them.
        if (InterfaceTypes.TryRead(model, options) is not { } read)
        {
            // Refused; this way it is told why.
            using InferenceSession refused = new(model, options);
            throw new InvalidOperationException("ONNX Runtime takes a model that it refused a moment ago.");
        }
        foreach ((string name, InterfaceType type) in read.Outputs)
            types.Add(name, TypeOf(type));
        if (read.Outputs.Values.Any(type => type.Kind != OnnxValueType.ONNX_TYPE_TENSOR))
            AddElements(model, options, types);
        return types;
    }

    /// <summary>Options that are quiet, load nothing twice and start no threads.</summary>
    /// <param name="folder">Folder that external data is relative to.</param>
    public static SessionOptions Options(string folder)
    {
        NativeRuntime.EnsureAvailable();
        SessionOptions options = new()
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return options;
    }

    /// <summary>What is in sequences, optionals and maps, which the managed package alone tells.</summary>
    private static void AddElements(byte[] model, SessionOptions options, Dictionary<string, TypeProto> types)
    {
        try
        {
            using InferenceSession session = new(model, options);
            foreach ((string name, NodeMetadata metadata) in session.OutputMetadata)
            {
                if (types[name].TensorType is null)
                    types[name] = TypeOf(metadata);
            }
        }
        catch (OnnxRuntimeException)
        {
            // Another output is of elements that it has no name for.
        }
    }

    private static TypeProto TypeOf(InterfaceType type)
    {
        switch (type.Kind)
        {
            case OnnxValueType.ONNX_TYPE_TENSOR:
                TypeProto.Types.Tensor tensor = new() { ElemType = type.ElementType, Shape = new TensorShapeProto() };
                foreach (long dim in type.Dims)
                    tensor.Shape.Dim.Add(dim < 0 ? new TensorShapeProto.Types.Dimension() : new TensorShapeProto.Types.Dimension { DimValue = dim });
                return new TypeProto { TensorType = tensor };
            case OnnxValueType.ONNX_TYPE_SEQUENCE:
                return new TypeProto { SequenceType = new TypeProto.Types.Sequence() };
            case OnnxValueType.ONNX_TYPE_OPTIONAL:
                return new TypeProto { OptionalType = new TypeProto.Types.Optional() };
            default:
                return new TypeProto { OpaqueType = new TypeProto.Types.Opaque() };
        }
    }

    private static TypeProto TypeOf(NodeMetadata metadata)
    {
        switch (metadata.OnnxValueType)
        {
            case OnnxValueType.ONNX_TYPE_TENSOR:
                TypeProto.Types.Tensor tensor = new() { ElemType = (int)metadata.ElementDataType, Shape = new TensorShapeProto() };
                foreach (int dim in metadata.Dimensions)
                    tensor.Shape.Dim.Add(dim < 0 ? new TensorShapeProto.Types.Dimension() : new TensorShapeProto.Types.Dimension { DimValue = dim });
                return new TypeProto { TensorType = tensor };
            case OnnxValueType.ONNX_TYPE_SEQUENCE:
                return new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = Element(metadata.AsSequenceMetadata().ElementMeta) } };
            case OnnxValueType.ONNX_TYPE_OPTIONAL:
                return new TypeProto { OptionalType = new TypeProto.Types.Optional { ElemType = Element(metadata.AsOptionalMetadata().ElementMeta) } };
            case OnnxValueType.ONNX_TYPE_MAP:
                MapMetadata map = metadata.AsMapMetadata();
                return new TypeProto { MapType = new TypeProto.Types.Map { KeyType = (int)map.KeyDataType, ValueType = Element(map.ValueMetadata) } };
            case OnnxValueType.ONNX_TYPE_SPARSETENSOR:
                return new TypeProto { SparseTensorType = new TypeProto.Types.SparseTensor { ElemType = (int)metadata.ElementDataType } };
            default:
                return new TypeProto { OpaqueType = new TypeProto.Types.Opaque() };
        }
    }

    // What lies in a sequence need not have one shape.
    private static TypeProto Element(NodeMetadata metadata)
    {
        TypeProto type = TypeOf(metadata);
        if (type.TensorType is not null)
            type.TensorType.Shape = null;
        return type;
    }
}
