using System.Buffers.Binary;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>What region rules ask of a model: types of its values, and the constants that shape an operator.</summary>
internal sealed class RegionValues
{
    private readonly ShapeTable _shapes;
    private readonly SizeFormulas? _formulas;
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly Func<TensorProto, byte[]> _read;

    /// <summary>Indexes a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="read">Gives the data of a constant, little-endian and dense.</param>
    public RegionValues(ModelProto model, ShapeTable shapes, Func<TensorProto, byte[]> read)
    {
        _shapes = shapes;
        _formulas = shapes.Formulas;
        _read = read;
        Opset = OperatorDomain.OpsetOf(model);
        HashSet<string> overridable = model.IrVersion < 4 ? [] : new(model.Graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto initializer in model.Graph.Initializer)
        {
            if (!overridable.Contains(initializer.Name))
                _constants[initializer.Name] = initializer;
        }
        foreach (NodeProto node in model.Graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                _constants[node.Output[0]] = value;
        }
    }

    private RegionValues(RegionValues other, ShapeTable shapes)
    {
        (_shapes, _formulas, _constants, _read, Opset, Threads) = (shapes, other._formulas, other._constants, other._read, other.Opset, other.Threads);
    }

    /// <summary>The same model at other sizes of its open dimensions. Which dimensions are open stays known.</summary>
    /// <param name="sizes">A size for each of them.</param>
    public RegionValues At(IReadOnlyDictionary<string, long> sizes) => new(this, _shapes.At(sizes));

    /// <summary>Dimensions of a value as formulas of the sizes of the inputs; null where it has one size.</summary>
    public SizeExpression[]? OpenDims(string value) => value.Length == 0 ? null : _formulas?.Find(value);

    /// <summary>True if a value is of another size along an axis at other sizes of the inputs.</summary>
    public bool IsOpen(string value, long axis) => OpenDims(value) is { } dims && axis >= 0 && axis < dims.Length && dims[axis].Constant is null;

    /// <summary>True if a size is never 0 in the range.</summary>
    public bool IsNeverEmpty(SizeExpression size) => size.Constant is { } constant ? constant > 0 : size.Between(_formulas!.Space).Least > 0;

    /// <summary>Version of the standard operator set.</summary>
    public long Opset { get; }

    /// <summary>Threads within operators that the model runs with: they share a kernel's work, which some kernels then sum in another order.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The type of a value; null where it is not known.</summary>
    public TensorType? TypeOf(string value) => _shapes.Find(value)
        ?? (_constants.TryGetValue(value, out TensorProto? tensor) ? new TensorType((DataType)tensor.DataType, [.. tensor.Dims]) : null);

    /// <summary>Dimensions of a value; null where they are not known, or it is no value.</summary>
    public long[]? Dims(string value) => value.Length == 0 ? null : TypeOf(value)?.Dims;

    /// <summary>The tensor of a constant that nothing can override, or null.</summary>
    public TensorProto? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>True for a constant that can be cut ahead: its elements are whole bytes.</summary>
    public bool CanCut(string value) => Constant(value) is { } tensor && (DataType)tensor.DataType is not (DataType.String or DataType.Undefined)
        && Enum.IsDefined((DataType)tensor.DataType) && TensorType.BitsPerElement((DataType)tensor.DataType) is 8 or 16 or 32 or 64;

    /// <summary>The data of a constant, little-endian and dense; null for any other value.</summary>
    public byte[]? Bytes(string value) => value.Length > 0 && Constant(value) is { } tensor ? _read(tensor) : null;

    /// <summary>The elements of a constant vector of 64- or 32-bit integers, or null.</summary>
    public long[]? Integers(string value)
    {
        if (value.Length == 0 || Constant(value) is not { } tensor || (DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32))
            return null;
        byte[] bytes = _read(tensor);
        int size = tensor.DataType == (int)DataType.Int64 ? 8 : 4;
        long[] values = new long[bytes.Length / size];
        for (int i = 0; i < values.Length; i++)
            values[i] = size == 8 ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8 * i)) : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i));
        return values;
    }

    /// <summary>The elements of a constant float vector, or null.</summary>
    public float[]? Floats(string value)
    {
        if (value.Length == 0 || Constant(value) is not { DataType: (int)DataType.Float } tensor)
            return null;
        byte[] bytes = _read(tensor);
        float[] values = new float[bytes.Length / 4];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
        return values;
    }
}
