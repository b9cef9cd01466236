namespace Serenity.Onnx.Verification.Values;

/// <summary>All elements of a tensor with one index along one axis: a channel, a row, a class.</summary>
/// <param name="Start">Index of its first element.</param>
/// <param name="Outer">Runs of elements.</param>
/// <param name="Stride">From the start of one run to the next.</param>
/// <param name="Inner">Elements of a run.</param>
/// <param name="Error">Largest error.</param>
/// <param name="Magnitude">Largest magnitude.</param>
/// <param name="Worst">Index of the element with the largest error.</param>
internal sealed record ValueSlice(long Start, long Outer, long Stride, long Inner, double Error, double Magnitude, long Worst)
{
    /// <summary>Gives errors and magnitudes of some elements in a row.</summary>
    /// <param name="start">Index of the first.</param>
    /// <param name="errors">The error of each.</param>
    /// <param name="magnitudes">What each is measured against.</param>
    public delegate void Measure(long start, Span<double> errors, Span<double> magnitudes);

    /// <summary>The slices along each axis of more than one index, outermost axis first; the whole tensor where there is no such axis. One pass over it.</summary>
    /// <param name="dims">Dimensions, outermost first.</param>
    /// <param name="measure">Measures a row of elements; called for one after the other.</param>
    public static ValueSlice[] All(long[] dims, Measure measure)
    {
        long count = dims.Aggregate(1L, (a, b) => a * b);
        if (count == 0)
            return [];
        int[] axes = [.. Enumerable.Range(0, dims.Length).Where(axis => dims[axis] > 1)];
        long[] inner = new long[dims.Length];
        for (long axis = dims.Length - 1, step = 1; axis >= 0; step *= dims[axis--])
            inner[axis] = step;
        int row = axes.Length == 0 ? (int)count : (int)dims[axes[^1]];

        int[] first = new int[axes.Length + 1];
        for (int a = 0; a < axes.Length; a++)
            first[a + 1] = first[a] + (int)dims[axes[a]];
        int slices = axes.Length == 0 ? 1 : first[^1], last = axes.Length == 0 ? 0 : first[^2];
        double[] errors = new double[slices], magnitudes = new double[slices], e = new double[row], m = new double[row];
        long[] worst = new long[slices];
        Array.Fill(worst, -1);
        for (long start = 0; start < count; start += row)
        {
            measure(start, e, m);
            double error = 0, magnitude = 0;
            int at = -1;
            for (int i = 0; i < row; i++)
            {
                int slice = axes.Length == 0 ? 0 : last + i;
                if (m[i] > magnitudes[slice])
                    magnitudes[slice] = m[i];
                if (e[i] > errors[slice])
                    (errors[slice], worst[slice]) = (e[i], start + i);
                if (m[i] > magnitude)
                    magnitude = m[i];
                if (e[i] > error)
                    (error, at) = (e[i], i);
            }
            for (int a = 0; a < axes.Length - 1; a++)
            {
                int slice = first[a] + (int)(start / inner[axes[a]] % dims[axes[a]]);
                magnitudes[slice] = Math.Max(magnitudes[slice], magnitude);
                if (error > errors[slice])
                    (errors[slice], worst[slice]) = (error, start + at);
            }
        }

        ValueSlice[] found = new ValueSlice[slices];
        if (axes.Length == 0)
            found[0] = new ValueSlice(0, 1, count, count, errors[0], magnitudes[0], Math.Max(0, worst[0]));
        for (int a = 0; a < axes.Length; a++)
        {
            long run = inner[axes[a]], stride = run * dims[axes[a]];
            for (int i = 0; i < dims[axes[a]]; i++)
            {
                int slice = first[a] + i;
                found[slice] = new ValueSlice(i * run, count / stride, stride, run, errors[slice], magnitudes[slice], worst[slice] < 0 ? i * run : worst[slice]);
            }
        }
        return found;
    }

    /// <summary>Indices of some elements, evenly spread, the worst one first.</summary>
    public IEnumerable<long> Elements(int count)
    {
        yield return Worst;
        long all = Outer * Inner, step = Math.Max(1, all / count);
        for (long i = step / 2; i < all; i += step)
            yield return Start + i / Inner * Stride + i % Inner;
    }

    /// <summary>Measures one tensor against another: errors where the first is finite, and its own magnitudes.</summary>
    public static Measure Between(SeenTensor reference, SeenTensor actual) => (start, errors, magnitudes) =>
    {
        reference.CopyTo(start, magnitudes);
        actual.CopyTo(start, errors);
        for (int i = 0; i < errors.Length; i++)
        {
            // Where the reference is not finite there is nothing to be near to.
            bool finite = double.IsFinite(magnitudes[i]);
            errors[i] = !finite ? 0 : double.IsFinite(errors[i]) ? Math.Abs(magnitudes[i] - errors[i]) : double.PositiveInfinity;
            magnitudes[i] = finite ? Math.Abs(magnitudes[i]) : 0;
        }
    };
}
