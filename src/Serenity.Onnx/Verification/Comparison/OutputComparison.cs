using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// Compares what two models gave for the same inputs.
/// <list type="bullet">
/// <item>Exact: bit for bit; any NaN equals any NaN.</item>
/// <item>Within a tolerance, for graphs whose floating-point sums run in another order: |a - b| at most the tolerance times the largest magnitude in
/// the reference output; elements that are not finite in the reference are left out. 8-bit integers may differ by one, since they come
/// from rounding such sums; of other integers and booleans (ArgMax, comparisons) one in a hundred, and always one, may differ.</item>
/// </list>
/// One value of one run. What all runs say together, slice by slice, is for <see cref="OutputLedger"/>.
/// </summary>
internal static class OutputComparison
{
    private const long DifferentInMany = 100;

    /// <summary>What a comparison found.</summary>
    /// <param name="Difference">What differs, as the end of a sentence; null if nothing does.</param>
    /// <param name="MaxError">Largest floating-point difference over the largest magnitude of its output.</param>
    public readonly record struct Outcome(string? Difference, double MaxError);

    /// <summary>Largest difference allowed, scaled to the output's largest magnitude: 1e-4 for float32, 1e-10 for float64,
    /// 1e-2 for float16 and 5e-2 for bfloat16, whose elements carry 11 and 8 bits.</summary>
    public static double Tolerance(TensorElementType type) => type switch
    {
        TensorElementType.Double => 1e-10,
        TensorElementType.Float16 => 1e-2,
        TensorElementType.BFloat16 => 5e-2,
        _ => 1e-4,
    };

    /// <summary>Bytes of an element that is no floating-point number.</summary>
    internal static int ElementSize(TensorElementType type) => type switch
    {
        TensorElementType.Int16 or TensorElementType.UInt16 => 2,
        TensorElementType.Int32 or TensorElementType.UInt32 => 4,
        TensorElementType.Int64 or TensorElementType.UInt64 => 8,
        _ => 1,
    };

    /// <summary>Compares two values.</summary>
    /// <param name="reference">What the source model gave.</param>
    /// <param name="actual">What the optimized model gave.</param>
    /// <param name="exact">Bit for bit, or within the tolerance.</param>
    /// <param name="least">The least that an output's largest magnitude is taken for; see <see cref="HalfOutputs"/>.</param>
    public static Outcome Compare(RuntimeValue reference, RuntimeValue actual, bool exact, double least = 0)
    {
        switch (reference, actual)
        {
            case (RuntimeValue.Tensor a, RuntimeValue.Tensor b):
                if (a.Type != b.Type)
                    return new($"has element type {b.Type} instead of {a.Type}", 0);
                if (!a.Dims.AsSpan().SequenceEqual(b.Dims))
                    return new($"has shape [{string.Join(",", b.Dims)}] instead of [{string.Join(",", a.Dims)}]", 0);
                return a.Data.AsSpan().SequenceEqual(b.Data) ? default : CompareElements(a, b, exact, least);
            case (RuntimeValue.Strings a, RuntimeValue.Strings b):
                return !a.Dims.AsSpan().SequenceEqual(b.Dims) || !a.Elements.AsSpan().SequenceEqual(b.Elements) ? new("has other strings", 0) : default;
            case (RuntimeValue.Sequence a, RuntimeValue.Sequence b):
                if (a.Elements.Count != b.Elements.Count)
                    return new($"has {Counted.Of(b.Elements.Count, "element")} instead of {a.Elements.Count}", 0);
                double worst = 0;
                for (int i = 0; i < a.Elements.Count; i++)
                {
                    Outcome element = Compare(a.Elements[i], b.Elements[i], exact, least);
                    worst = Math.Max(worst, element.MaxError);
                    if (element.Difference is not null)
                        return new($"differs at element {i}, which {element.Difference}", worst);
                }
                return new(null, worst);
            case (RuntimeValue.Opaque a, RuntimeValue.Opaque b):
                return a.Kind == b.Kind ? default : new($"is a {b.Kind} instead of a {a.Kind}", 0);
            default:
                return new("is of another kind", 0);
        }
    }

    private static Outcome CompareElements(RuntimeValue.Tensor a, RuntimeValue.Tensor b, bool exact, double least)
    {
        if (SeenTensor.Of(a)?.Elements is not { } x || SeenTensor.Of(b)?.Elements is not { } y)
            return CompareIntegers(a, b, exact);
        double scale = 0, worst = 0;
        int at = -1, different = -1;
        for (int i = 0; i < x.Length; i++)
        {
            if (double.IsFinite(x[i]))
                scale = Math.Max(scale, Math.Abs(x[i]));
            // Same bits or both NaN; +0 and -0 differ.
            if (different < 0 && BitConverter.DoubleToInt64Bits(x[i]) != BitConverter.DoubleToInt64Bits(y[i])
                && !(double.IsNaN(x[i]) && double.IsNaN(y[i])))
                different = i;
        }
        for (int i = 0; i < x.Length; i++)
        {
            if (!double.IsFinite(x[i]))
                continue;
            double error = double.IsFinite(y[i]) ? Math.Abs(x[i] - y[i]) : double.PositiveInfinity;
            if (error > worst)
                (worst, at) = (error, i);
        }
        // A sum of denormal numbers has no relative accuracy to speak of.
        double scaled = worst / Math.Max(Math.Max(scale, least), SeenTensor.SmallestNormal(a.Type));
        if (exact && different >= 0)
            return new(Text(different, x[different], y[different]), scaled);
        return !exact && scaled > Tolerance(a.Type)
            ? new(string.Create(CultureInfo.InvariantCulture,
                $"{Text(at, x[at], y[at])}: {scaled:E1} of the output's largest magnitude, more than the {Tolerance(a.Type):E0} allowed"), scaled)
            : new(null, scaled);
    }

    private static Outcome CompareIntegers(RuntimeValue.Tensor a, RuntimeValue.Tensor b, bool exact)
    {
        int size = ElementSize(a.Type);
        bool rounded = a.Type is TensorElementType.Int8 or TensorElementType.UInt8;
        long different = 0, first = -1;
        for (int i = 0; i + size <= a.Data.Length; i += size)
        {
            if (a.Data.AsSpan(i, size).SequenceEqual(b.Data.AsSpan(i, size)))
                continue;
            if (!exact && rounded && Math.Abs(a.Type == TensorElementType.Int8 ? (sbyte)a.Data[i] - (sbyte)b.Data[i] : a.Data[i] - b.Data[i]) <= 1)
                continue;
            different++;
            if (first < 0)
                first = i / size;
        }
        long elements = a.Data.Length / size;
        return different == 0 || (!exact && !rounded && different <= Math.Max(1, elements / DifferentInMany))
            ? default
            : new($"differs in {different} of {Counted.Of(elements, "element")}, first at {first}", 0);
    }

    private static string Text(int at, double reference, double actual) =>
        string.Create(CultureInfo.InvariantCulture, $"is {actual:R} instead of {reference:R} at element {at}");
}
