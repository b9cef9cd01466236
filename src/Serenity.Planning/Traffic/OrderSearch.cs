namespace Serenity.Planning.Traffic;

/// <summary>What a pass of <see cref="OrderSearch"/> found.</summary>
/// <param name="Order">An order with less traffic than was known; null if there is none among those looked at.</param>
/// <param name="Bytes">Its traffic; what was known if there is none.</param>
/// <param name="LowerBoundBytes">Bytes that no order goes under whose peak is within the limit.</param>
internal sealed record OrderPass(int[]? Order, long Bytes, long LowerBoundBytes);

/// <summary>
/// Order and residency together: after each operator all states worth going on from, at most so many. A state is which operators have run, which tensors are on chip, and which of these have
/// no copy outside. Exact as long as none has to be left out for the width, or for the number of ways to make room; else it says what those might have reached.
/// </summary>
internal sealed class OrderSearch
{
    private readonly MemoryGraph _graph;
    private readonly List<OrderPart> _parts;
    private readonly long[] _behind;
    private readonly long _capacity, _mostPeak;
    private readonly TrafficOrderOptions _options;
    private readonly OrderSteps _steps;
    private long _work;

    /// <summary>Prepares the search.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">An order whose peak is within the limit.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <param name="mostPeak">The most bytes that may be alive at a time.</param>
    /// <param name="options">How far to search.</param>
    public OrderSearch(MemoryGraph graph, int[] order, long capacity, long mostPeak, TrafficOrderOptions options)
    {
        (_graph, _capacity, _mostPeak, _options) = (graph, capacity, mostPeak, options);
        _parts = OrderPart.Divide(graph, order, capacity);
        _behind = new long[_parts.Count + 1];
        _steps = new OrderSteps(capacity, mostPeak, options);
    }

    /// <summary>True once all the work that was granted is done.</summary>
    public bool IsSpent => _work >= _options.Work;

    /// <summary>Bounds each part by itself: what it moves at least, even if all that is alive before it were on chip and had a copy outside.</summary>
    /// <param name="widths">Widths, narrow ones first.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Bytes that no order goes under whose peak is within the limit.</returns>
    public long BoundParts(IReadOnlyList<int> widths, CancellationToken cancellation)
    {
        if (!Has(TrafficOrderTechniques.Parts) || _parts.Count == 1)
            return 0;
        long[] least = new long[_parts.Count];
        long share = _options.Work / 2;
        for (int p = 0; p < _parts.Count; p++)
        {
            if (_parts[p].IsCalm)
                continue;
            long known = long.MaxValue;
            foreach (int width in widths)
            {
                OrderPass pass = Run(p, p + 1, known, width, _work + ((share - _work) / (_parts.Count - p)), cancellation);
                (known, least[p]) = (Math.Min(known, pass.Bytes), Math.Max(least[p], pass.LowerBoundBytes));
                if (least[p] >= known || _work >= share)
                    break;
            }
        }
        for (int p = _parts.Count - 1; p >= 0; p--)
            _behind[p] = _behind[p + 1] + least[p];
        return _behind[0];
    }

    /// <summary>Goes through all orders, or the best of them.</summary>
    /// <param name="known">Traffic of an order that is known.</param>
    /// <param name="width">States to keep.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public OrderPass Run(long known, int width, CancellationToken cancellation) => Run(0, _parts.Count, known, width, _options.Work, cancellation);

    private OrderPass Run(int first, int end, long known, int width, long mostWork, CancellationToken cancellation)
    {
        bool alone = end - first < _parts.Count;
        List<(int[] Parent, int[] Operator)> levels = [];
        OrderLayer from = new(), to = new();
        long bound = long.MaxValue;
        from.Begin(_parts[first]);
        _steps.Enter(_parts[first], alone ? 0 : _behind[first + 1], !alone, known);
        _steps.Begin(from);
        for (int p = first; p < end; p++)
        {
            OrderPart part = _parts[p];
            for (int step = 0; step < part.Operators.Length; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (_work >= mostWork)
                    return new OrderPass(null, known, Math.Min(Math.Min(bound, known), Least(from)));
                long before = from.Work + to.Work + _steps.Work;
                to.Begin(part);
                for (int s = 0; s < from.Count; s++)
                    bound = Math.Min(bound, _steps.Expand(from, s, to, Has(TrafficOrderTechniques.Calm) && part.IsCalm ? step : -1));
                bound = Math.Min(bound, to.Keep(width));
                _work += from.Work + to.Work + _steps.Work - before;
                levels.Add(([.. to.Parent], [.. to.Operator]));
                (from, to) = (to, from);
            }
            if (p + 1 < end)
            {
                to.Begin(_parts[p + 1]);
                _steps.Enter(_parts[p + 1], _behind[p + 2], true, known);
                _steps.Continue(part, from, to);
                (from, to) = (to, from);
            }
        }
        int best = -1;
        for (int s = 0; s < from.Count; s++)
            best = best < 0 || from.Moved[s] < from.Moved[best] ? s : best;
        if (best < 0 || from.Moved[best] >= known)
            return new OrderPass(null, known, Math.Min(bound, known));
        return new OrderPass(OrderTo(best, levels, first, end), from.Moved[best], Math.Min(bound, from.Moved[best]));
    }

    private static long Least(OrderLayer layer)
    {
        long least = long.MaxValue;
        for (int s = 0; s < layer.Count; s++)
            least = Math.Min(least, layer.Floor[s]);
        return least;
    }

    private int[] OrderTo(int state, List<(int[] Parent, int[] Operator)> levels, int first, int end)
    {
        int[] order = new int[levels.Count];
        int level = levels.Count - 1;
        for (int p = end - 1; p >= first; p--)
        {
            for (int step = _parts[p].Operators.Length - 1; step >= 0; step--, level--)
            {
                order[level] = _parts[p].Operators[levels[level].Operator[state]];
                state = levels[level].Parent[state];
            }
        }
        return order;
    }

    private bool Has(TrafficOrderTechniques technique) => _options.Techniques.HasFlag(technique);
}
