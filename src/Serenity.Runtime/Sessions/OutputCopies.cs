using System.Collections;
using System.Collections.Generic;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Serenity.Runtime;

/// <summary>Outputs copied out of the block.</summary>
internal sealed class OutputCopies : IDisposableReadOnlyCollection<OrtValue>
{
    private readonly List<OrtValue> _values;

    private OutputCopies(List<OrtValue> values) => _values = values;

    /// <inheritdoc/>
    public int Count => _values.Count;

    /// <inheritdoc/>
    public OrtValue this[int index] => _values[index];

    /// <summary>Copies tensors to the heap and gives back their places. What is not a tensor of numbers is handed on as it is.</summary>
    public static OutputCopies Of(IDisposableReadOnlyCollection<OrtValue> outputs)
    {
        List<OrtValue> values = new(outputs.Count);
        List<OrtValue> copied = [];
        try
        {
            foreach (OrtValue output in outputs)
            {
                OrtValue copy = CopyOf(output);
                if (!ReferenceEquals(copy, output))
                    copied.Add(output);
                values.Add(copy);
            }
        }
        catch
        {
            foreach (OrtValue value in values)
                value.Dispose();
            outputs.Dispose();
            throw;
        }
        foreach (OrtValue output in copied)
            output.Dispose();
        return new OutputCopies(values);
    }

    /// <inheritdoc/>
    public IEnumerator<OrtValue> GetEnumerator() => _values.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OrtValue value in _values)
            value.Dispose();
        _values.Clear();
    }

    private static OrtValue CopyOf(OrtValue output)
    {
        if (output.OnnxType != OnnxValueType.ONNX_TYPE_TENSOR)
            return output;
        OrtTensorTypeAndShapeInfo info = output.GetTensorTypeAndShape();
        if (info.ElementDataType == TensorElementType.String)
            return output;
        OrtValue copy = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, info.Shape);
        if (info.ElementCount > 0)
            output.GetTensorMutableRawData().CopyTo(copy.GetTensorMutableRawData());
        return copy;
    }
}
