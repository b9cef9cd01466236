using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes;

/// <summary>Which part of a range a model runs with that does not run at an end of it: for the error that says so.</summary>
/// <param name="space">The ranges.</param>
/// <param name="runs">Whether the model runs with some sizes.</param>
internal sealed class FittingSizes(SizeSpace space, Func<IReadOnlyDictionary<string, long>, bool> runs)
{
    /// <summary>The part, of the one dimension that is at fault.</summary>
    /// <param name="refused">Sizes at an end of all ranges, with which the model does not run.</param>
    /// <returns>The dimension, sizes of it at both ends of which the model runs, and the next one, with which it does not; null where not one dimension alone is at fault.</returns>
    public (string Dimension, SizeRange Range, long Refused)? From(IReadOnlyDictionary<string, long> refused)
    {
        bool atMost = Same(refused, space.Most);
        IReadOnlyDictionary<string, long> other = atMost ? space.Least : space.Most;
        if ((!atMost && !Same(refused, space.Least)) || !runs(other))
            return null;
        // With the others at the end where the model runs, what it does not run with is this one's fault.
        string[] guilty = [.. space.Ranges.Keys.Where(name => !runs(With(other, name, refused[name]))).Take(2)];
        if (guilty is not [string only])
            return null;
        long good = other[only], bad = refused[only];
        while (Math.Abs(good - bad) > 1)
        {
            long middle = good + ((bad - good) / 2);
            if (runs(With(other, only, middle)))
                good = middle;
            else
                bad = middle;
        }
        return (only, atMost ? new SizeRange(other[only], good) : new SizeRange(good, other[only]), bad);
    }

    private static bool Same(IReadOnlyDictionary<string, long> one, IReadOnlyDictionary<string, long> other) => one.All(size => other.GetValueOrDefault(size.Key) == size.Value);

    private static Dictionary<string, long> With(IReadOnlyDictionary<string, long> sizes, string name, long size) => new(sizes, StringComparer.Ordinal) { [name] = size };
}
