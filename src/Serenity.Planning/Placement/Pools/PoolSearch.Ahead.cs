namespace Serenity.Planning.Placement.Pools;

/// <content>What is still to come.</content>
internal sealed partial class PoolSearch
{
    /// <summary>Of so many times one is where a look ahead may begin; it reaches over so many of them; and so many ways of what is there it begins with at most.</summary>
    private const int Stride = 12, Reach = 10, MostBeginnings = 4_096;

    /// <summary>The share of all work, in hundredths, at which no more is looked ahead.</summary>
    private const int AheadShare = 88;

    /// <summary>Finds by how much the bound rises from each time on at least, from the last time to the first, whatever was decided before.</summary>
    /// <param name="below">Only what costs less than this counts.</param>
    /// <param name="width">As in <see cref="Run"/>.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>States expanded.</returns>
    public long LookAhead(long below, int width, CancellationToken cancellation)
    {
        long expanded = 0, most = (below * _bound.Scale) - _bound.Bound;
        int[] cuts = Cuts(Math.Min(width, MostBeginnings));
        _ahead = new long[_timeline.Count + 1];
        for (int i = cuts.Length - 1; i >= 0 && most > 0 && !_meter.IsPast(AheadShare); i--)
        {
            int from = cuts[i], to = i + Reach < cuts.Length ? cuts[i + Reach] : _timeline.Count;
            long known = _ahead[from];
            Begin(from);
            (long dropped, long states) = Advance(from, to, below, width, keeps: false, cancellation);
            expanded += states;
            long least = Math.Min(most, dropped == long.MaxValue ? most : dropped - _bound.Bound);
            for (int s = 0; s < _now.Count; s++)
                least = Math.Min(least, _now.Bounds[s] + _ahead[to] - _bound.Bound);
            for (int time = from; time >= 0 && least > known; time--)
                _ahead[time] = least;
        }
        return expanded;
    }

    // Times at which few blocks are live that were there before: of each few times the one at which they can lie in the fewest ways.
    private int[] Cuts(int most)
    {
        List<int> cuts = [];
        for (int first = 1; first < _timeline.Count; first += Stride)
        {
            int best = -1;
            long fewest = most;
            for (int time = first; time < Math.Min(first + Stride, _timeline.Count); time++)
            {
                long ways = 1;
                foreach (int u in _live[time])
                    ways = _timeline.First[u] >= time ? ways : Math.Min(ways * _moves[u].PlacesAt(time).Length, most + 1L);
                if (ways <= fewest)
                    (fewest, best) = (ways - 1, time);
            }
            if (best >= 0)
                cuts.Add(best);
        }
        return [.. cuts];
    }

    // All ways in which what was there before can lie at a time.
    private void Begin(int time)
    {
        _now.Clear();
        _now.Row(_now.Add(_bound.Bound, 0)).Clear();
        foreach (int u in _live[time].Where(u => _timeline.First[u] < time))
        {
            ushort[] places = _moves[u].PlacesAt(time);
            _next.Clear();
            for (int s = 0; s < _now.Count; s++)
            {
                foreach (ushort place in places)
                {
                    int at = _next.Add(_bound.Bound, 0);
                    _now.Row(s).CopyTo(_next.Row(at));
                    _next.Row(at)[_slotOf[u]] = place;
                }
            }
            (_now, _next) = (_next, _now);
        }
    }
}
