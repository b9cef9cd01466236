using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// Inputs for a model, of the right types and shapes: the same on every machine for the same model and <see cref="InputCase"/>. An input's
/// values depend on its name and the case alone.
/// <para>
/// Ordinary floating-point values are in the range that the model tells (<see cref="InputRanges"/>), else in [-1, 1).
/// </para>
/// <para>
/// Integers of 32 and 64 bits are most often indices, lengths or counts, so they stay in a safe range: below the size of the table that the
/// graph looks them up in, else 0 to 3; a scalar or single element of them is 1 to 3, so that a loop ends soon and a division by it works.
/// </para>
/// </summary>
internal sealed class SeededInputs
{
    private const long SafeRange = 4;

    /// <summary>Added to the seed of an input, far from all cases.</summary>
    private const ulong OtherSeed = 1_000_003;

    private readonly IReadOnlyDictionary<string, NodeMetadata> _inputs;
    private readonly Dictionary<string, long> _ranges;
    private readonly Dictionary<string, (double Least, double Largest)> _told;
    private readonly Dictionary<string, RuntimeValue> _stated;
    private readonly ShapeTable? _shapes;

    /// <summary>Looks at a model's inputs.</summary>
    /// <param name="graph">The model's graph, for how integer inputs are used.</param>
    /// <param name="inputs">Type and shape of each input, as ONNX Runtime states them; a dimension that is still unknown is as it was planned, else 1.</param>
    /// <param name="shapes">The shapes that were planned with: an input that sizes follow from gets the value that gives these. Null to leave it to chance.</param>
    public SeededInputs(GraphProto graph, IReadOnlyDictionary<string, NodeMetadata> inputs, ShapeTable? shapes = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(inputs);
        _inputs = inputs;
        _shapes = shapes;
        _ranges = IndexRanges.Of(graph);
        _told = InputRanges.Of(graph);
        _stated = shapes is null ? [] : StatedInputs.Of(graph, shapes);
    }

    /// <summary>Bytes of all inputs; strings not counted.</summary>
    /// <exception cref="OverflowException">It does not fit 63 bits.</exception>
    public long Bytes
    {
        get
        {
            long sum = 0;
            foreach ((string name, NodeMetadata meta) in _inputs)
            {
                if (meta.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && !meta.IsString)
                    sum = checked(sum + Count(DimsOf(name, meta)) * BitsOf(meta.ElementDataType) / 8);
            }
            return sum;
        }
    }

    /// <summary>True if values for all inputs take no more than some bytes; a string counts 32.</summary>
    internal bool FitIn(long bytes)
    {
        double sum = 0;
        foreach ((string name, NodeMetadata meta) in _inputs)
        {
            if (meta.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR)
                sum += DimsOf(name, meta).Aggregate(meta.IsString ? 32.0 : BitsOf(meta.ElementDataType) / 8.0, (product, dim) => product * dim);
        }
        return sum <= bytes;
    }

    /// <summary>The name of an input that no value can be made for, such as a sequence; null if there is none.</summary>
    public string? Unsupported => _inputs.Where(i => i.Value.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR
        || (!i.Value.IsString && BitsOf(i.Value.ElementDataType) == 0)).Select(i => i.Key).FirstOrDefault();

    /// <summary>A value for every input, in ordinal order of names.</summary>
    public IReadOnlyList<KeyValuePair<string, RuntimeValue>> Create(InputCase kind) => Create(kind, 0);

    /// <summary>Ordinary values other than those of <see cref="InputCase.Uniform"/>.</summary>
    internal IReadOnlyList<KeyValuePair<string, RuntimeValue>> CreateOther() => Create(InputCase.Uniform, OtherSeed);

    private List<KeyValuePair<string, RuntimeValue>> Create(InputCase kind, ulong seed)
    {
        List<KeyValuePair<string, RuntimeValue>> values = [];
        foreach ((string name, NodeMetadata meta) in _inputs.OrderBy(i => i.Key, StringComparer.Ordinal))
        {
            SplitMix random = new(SplitMix.SeedOf(name) + (ulong)kind + seed);
            values.Add(new(name, _stated.GetValueOrDefault(name)
                ?? CreateOne(meta, DimsOf(name, meta), _ranges.GetValueOrDefault(name, 0), _told.TryGetValue(name, out (double, double) told) ? told : null, kind, ref random)));
        }
        return values;
    }

    private static RuntimeValue CreateOne(NodeMetadata meta, long[] dims, long range, (double, double)? told, InputCase kind, ref SplitMix random)
    {
        int count = checked((int)Count(dims));
        if (meta.IsString)
        {
            string[] texts = new string[count];
            for (int i = 0; i < count; i++)
                texts[i] = TextElement(kind, ref random);
            return new RuntimeValue.Strings(dims, texts);
        }
        int bits = BitsOf(meta.ElementDataType);
        byte[] data = new byte[checked((int)((long)count * bits / 8))];
        switch (meta.ElementDataType)
        {
            case TensorElementType.Int32 or TensorElementType.Int64 or TensorElementType.UInt32 or TensorElementType.UInt64:
                for (int i = 0; i < count; i++)
                    BitConverter.GetBytes(IndexElement(kind, range, count == 1, ref random)).AsSpan(0, bits / 8).CopyTo(data.AsSpan(i * bits / 8));
                break;
            case TensorElementType.Bool:
                for (int i = 0; i < count; i++)
                    data[i] = kind switch { InputCase.Zeros => 0, InputCase.Ones => 1, _ => (byte)(random.Next() & 1) };
                break;
            case TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16 or TensorElementType.BFloat16
                or TensorElementType.Complex64 or TensorElementType.Complex128:
                FloatElements.Fill(data, meta.ElementDataType, kind, told, ref random);
                break;
            default:
                // 8- and 16-bit integers: quantized data, whose whole range is legal.
                for (int i = 0; i < data.Length; i++)
                {
                    data[i] = kind switch
                    {
                        InputCase.Zeros or InputCase.Denormal => 0,
                        InputCase.Ones => bits == 16 && i % 2 == 1 ? (byte)0 : (byte)1,
                        InputCase.Large => 0x7F,
                        _ => (byte)random.Next(),
                    };
                }
                break;
        }
        return new RuntimeValue.Tensor(meta.ElementDataType, dims, data);
    }

    private static long IndexElement(InputCase kind, long range, bool single, ref SplitMix random) => kind switch
    {
        InputCase.Zeros when !single || range > 0 => 0,
        InputCase.Ones => range == 1 ? 0 : 1,
        InputCase.Denormal when range > 0 => 0,
        InputCase.Large => range > 0 ? range - 1 : SafeRange - 1,
        _ when range > 0 => random.NextBelow(range),
        _ => single ? 1 + random.NextBelow(SafeRange - 1) : random.NextBelow(SafeRange),
    };

    private static string TextElement(InputCase kind, ref SplitMix random)
    {
        if (kind == InputCase.Zeros)
            return "";
        char[] text = new char[kind == InputCase.Large ? 200 : 1 + (int)random.NextBelow(8)];
        for (int i = 0; i < text.Length; i++)
            text[i] = kind == InputCase.Ones ? '1' : kind == InputCase.Special ? 'é' : (char)('a' + random.NextBelow(26));
        return new string(text);
    }

    /// <summary>Dimensions that are open as they were planned, where they were.</summary>
    private long[] DimsOf(string name, NodeMetadata meta) =>
        _shapes?.Find(name)?.Dims is { } planned && planned.Length == meta.Dimensions.Length ? [.. meta.Dimensions.Select((d, i) => d < 0 ? planned[i] : d)]
        : [.. meta.Dimensions.Select(d => d < 0 ? 1L : d)];

    private static long Count(long[] dims)
    {
        long count = 1;
        foreach (long dim in dims)
            count = checked(count * dim);
        return count;
    }

    private static int BitsOf(TensorElementType type) => type switch
    {
        TensorElementType.Bool or TensorElementType.Int8 or TensorElementType.UInt8 => 8,
        TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Int16 or TensorElementType.UInt16 => 16,
        TensorElementType.Float or TensorElementType.Int32 or TensorElementType.UInt32 => 32,
        TensorElementType.Double or TensorElementType.Int64 or TensorElementType.UInt64 or TensorElementType.Complex64 => 64,
        TensorElementType.Complex128 => 128,
        _ => 0,
    };
}
