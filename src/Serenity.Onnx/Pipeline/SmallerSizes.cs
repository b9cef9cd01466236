using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>Sizes of a model's open dimensions at which a run is less work.</summary>
/// <param name="Sizes">A size for each dimension that has one or a range of them.</param>
/// <param name="Work">Multiply-accumulates of a run.</param>
internal sealed record SmallerSizes(IReadOnlyDictionary<string, long> Sizes, long Work)
{
    /// <summary>How often sizes are halved: 2^40 elements are more than any model has.</summary>
    private const int MostHalvings = 40;

    /// <summary>
    /// The largest sizes halved again and again. Sizes that are the same are halved together, since those of ids and of their mask have to agree; where the model does not take the smaller
    /// ones, they stay, and others are halved.
    /// </summary>
    /// <param name="source">The model.</param>
    /// <param name="request">Its sizes.</param>
    /// <param name="withinRanges">True to stay within the ranges, and to leave every size that is fixed: sizes that the written model takes.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static IEnumerable<SmallerSizes> Of(SourceModel source, OptimizeRequest request, bool withinRanges, CancellationToken cancellation)
    {
        SortedDictionary<string, long> sizes = new(Largest(request), StringComparer.Ordinal);
        HashSet<string> settled = new(StringComparer.Ordinal);
        for (int halvings = 0; halvings < MostHalvings; halvings++)
        {
            cancellation.ThrowIfCancellationRequested();
            long largest = sizes.Where(s => !settled.Contains(s.Key) && s.Value > Least(s.Key)).Select(s => s.Value).DefaultIfEmpty(0).Max();
            if (largest == 0)
                yield break;
            string[] together = [.. sizes.Where(s => s.Value == largest && !settled.Contains(s.Key) && s.Value > Least(s.Key)).Select(s => s.Key)];
            SortedDictionary<string, long> less = new(sizes, StringComparer.Ordinal);
            foreach (string name in together)
                less[name] = Math.Max(largest / 2, Least(name));
            if (WorkAt(source, request with { FreeDimensions = less }, cancellation) is not { } work)
            {
                settled.UnionWith(together);
                continue;
            }
            sizes = less;
            yield return new SmallerSizes(sizes, work);
        }

        long Least(string name) => !withinRanges ? 1 : request.Ranges.TryGetValue(name, out SizeRange? range) ? range.From : long.MaxValue;
    }

    /// <summary>The size of each open dimension; of a range the largest.</summary>
    public static Dictionary<string, long> Largest(OptimizeRequest request)
    {
        Dictionary<string, long> sizes = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string name, SizeRange range) in request.Ranges)
            sizes[name] = range.To;
        return sizes;
    }

    /// <summary>Work of a run with other sizes; null where the model does not take them.</summary>
    private static long? WorkAt(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
    {
        try
        {
            OptimizeRequest settled = SourceModel.Settle(source.File.Model, request with { FreeDimensionsAreDefaults = false, Ranges = OptimizeRequest.NoRanges, PlannedAt = null });
            SourceModel sized = SourceModel.Prepare(source.File, settled, cancellation);
            return WorkEstimate.Of(sized.Model.Graph, sized.Shapes.Main);
        }
        catch (SerenityException)
        {
            return null;
        }
    }
}
