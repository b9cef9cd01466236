namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// What searches before found out about the parts of their graphs: orders, bounds, and where a limit struck. Variants of a graph have most
/// parts in common, and a part is known again by its content, whatever is live around it. So nothing is solved twice, and no
/// peak gets worse because a later search has a lower limit.
/// </summary>
/// <remarks>
/// For one search at a time. What a search gives then depends on those before it, but on nothing else.
/// </remarks>
public sealed class SolvedSegments
{
    private readonly Dictionary<SegmentContent, SolvedSegment> _known = [];

    /// <summary>Number of parts known.</summary>
    public int Count => _known.Count;

    /// <summary>What is known of a part; empty if it is new.</summary>
    internal SolvedSegment Of(SearchProblem problem, SearchTechniques techniques)
    {
        SegmentContent content = SegmentContent.Of(problem, techniques);
        if (!_known.TryGetValue(content, out SolvedSegment? known))
            _known.Add(content, known = new SolvedSegment());
        return known;
    }
}
