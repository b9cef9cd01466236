namespace Serenity.Onnx.Verification;

/// <summary>All elements of a tensor with one index along one axis: a channel, a row, a class.</summary>
/// <param name="Start">Index of its first element.</param>
/// <param name="Outer">Runs of elements.</param>
/// <param name="Stride">From the start of one run to the next.</param>
/// <param name="Inner">Elements of a run.</param>
/// <param name="Error">Largest error.</param>
/// <param name="Magnitude">Largest magnitude.</param>
/// <param name="Worst">Index of the element with the largest error.</param>
internal readonly record struct ValueSlice(long Start, long Outer, long Stride, long Inner, double Error, double Magnitude, long Worst)
{
    /// <summary>The slices along each axis of more than one index; the whole tensor where there is no such axis.</summary>
    /// <param name="dims">Dimensions, outermost first.</param>
    /// <param name="errors">The error of each element.</param>
    /// <param name="magnitudes">What each element is measured against.</param>
    public static IEnumerable<ValueSlice> All(long[] dims, double[] errors, double[] magnitudes)
    {
        bool any = false;
        long stride = errors.Length;
        foreach (long size in errors.Length == 0 ? [] : dims)
        {
            long inner = stride / size;
            for (long i = 0; size > 1 && i < size; i++)
                yield return Measure(i * inner, errors.Length / stride, stride, inner, errors, magnitudes);
            any |= size > 1;
            stride = inner;
        }
        if (!any && errors.Length > 0)
            yield return Measure(0, 1, errors.Length, errors.Length, errors, magnitudes);
    }

    /// <summary>Indices of some elements, evenly spread, the worst one first.</summary>
    public IEnumerable<long> Elements(int count)
    {
        yield return Worst;
        long all = Outer * Inner, step = Math.Max(1, all / count);
        for (long i = step / 2; i < all; i += step)
            yield return Start + i / Inner * Stride + i % Inner;
    }

    private static ValueSlice Measure(long start, long outer, long stride, long inner, double[] errors, double[] magnitudes)
    {
        double error = 0, magnitude = 0;
        long worst = start;
        for (long run = 0, first = start; run < outer; run++, first += stride)
        {
            for (long i = first; i < first + inner; i++)
            {
                magnitude = Math.Max(magnitude, magnitudes[i]);
                if (errors[i] > error)
                    (error, worst) = (errors[i], i);
            }
        }
        return new ValueSlice(start, outer, stride, inner, error, magnitude, worst);
    }
}
