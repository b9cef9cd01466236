using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Serenity.Onnx.Runtime;

/// <summary>A value that went into or came out of a run, copied out of ONNX Runtime's memory.</summary>
internal abstract record RuntimeValue
{
    private RuntimeValue()
    {
    }

    /// <summary>A dense tensor of fixed-size elements.</summary>
    /// <param name="Type">Element type.</param>
    /// <param name="Dims">Dimensions, outermost first.</param>
    /// <param name="Data">Elements in row-major order, little endian.</param>
    public sealed record Tensor(TensorElementType Type, long[] Dims, byte[] Data) : RuntimeValue;

    /// <summary>A tensor of strings.</summary>
    /// <param name="Dims">Dimensions, outermost first.</param>
    /// <param name="Elements">Elements in row-major order.</param>
    public sealed record Strings(long[] Dims, string[] Elements) : RuntimeValue;

    /// <summary>A sequence, or a map as the sequence of its keys and its values.</summary>
    /// <param name="Elements">Elements in order.</param>
    public sealed record Sequence(IReadOnlyList<RuntimeValue> Elements) : RuntimeValue;

    /// <summary>A kind that is not compared: a sparse tensor, an opaque value, an optional without a value.</summary>
    /// <param name="Kind">ONNX Runtime's name of the kind.</param>
    public sealed record Opaque(string Kind) : RuntimeValue;

    /// <summary>Copies a value out of ONNX Runtime.</summary>
    public static RuntimeValue CopyOf(OrtValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        switch (value.OnnxType)
        {
            case OnnxValueType.ONNX_TYPE_TENSOR:
                OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
                return info.ElementDataType == TensorElementType.String
                    ? new Strings(info.Shape, value.GetStringTensorAsArray())
                    : new Tensor(info.ElementDataType, info.Shape, info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray());
            case OnnxValueType.ONNX_TYPE_SEQUENCE or OnnxValueType.ONNX_TYPE_MAP:
                List<RuntimeValue> elements = [];
                int count = value.OnnxType == OnnxValueType.ONNX_TYPE_MAP ? 2 : value.GetValueCount();
                for (int i = 0; i < count; i++)
                {
                    using OrtValue element = value.GetValue(i, OrtAllocator.DefaultInstance);
                    elements.Add(CopyOf(element));
                }
                return new Sequence(elements);
            default:
                return new Opaque(value.OnnxType.ToString());
        }
    }

    /// <summary>Makes a value of ONNX Runtime; the caller disposes of it.</summary>
    /// <exception cref="NotSupportedException">A kind that cannot be made.</exception>
    public OrtValue ToOrtValue()
    {
        switch (this)
        {
            case Tensor tensor:
                OrtValue made = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, tensor.Type, tensor.Dims);
                if (tensor.Data.Length > 0)
                    tensor.Data.CopyTo(made.GetTensorMutableRawData());
                return made;
            case Strings strings:
                OrtValue texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, strings.Dims);
                for (int i = 0; i < strings.Elements.Length; i++)
                    texts.StringTensorSetElementAt(strings.Elements[i].AsSpan(), i);
                return texts;
            case Sequence { Elements.Count: > 0 } sequence:
                using (DisposableValues parts = new([.. sequence.Elements.Select(e => e.ToOrtValue())]))
                    return OrtValue.CreateSequence(parts.Take());
            default:
                throw new NotSupportedException("A value of this kind cannot be given to a model.");
        }
    }

    /// <summary>Values that are disposed of unless they were handed on.</summary>
    private sealed class DisposableValues(List<OrtValue> values) : IDisposable
    {
        private List<OrtValue>? _values = values;

        public List<OrtValue> Take()
        {
            List<OrtValue> taken = _values!;
            _values = null;
            return taken;
        }

        public void Dispose()
        {
            foreach (OrtValue value in _values ?? [])
                value.Dispose();
        }
    }
}
