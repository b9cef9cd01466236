using Serenity.Planning.Flow;

namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// The down-set of least live bytes between a lower and an upper one, by a single minimum cut: live is submodular, and a sum of terms
/// [starts ∩ S ≠ ∅] and −[ends ⊆ S], each of which is one vertex.
/// </summary>
/// <remarks>
/// A free operator's vertex is on the source's side iff it is in the set. −[ends ⊆ S] earns the bytes by a vertex that needs all of the
/// end set; [starts ∩ S ≠ ∅] costs the bytes by a vertex that any of the start set needs; an operator needs its free predecessors.
/// Work is linear in the free operators and what touches them, whatever the size of the whole problem.
/// </remarks>
internal sealed class LeastLiveCut
{
    private readonly SearchProblem _problem;
    private readonly FlowNetwork _network = new();
    private readonly int[] _vertex, _tensorSeen;
    private readonly long[] _gain;
    private bool[] _inside = [];
    private int _seen;

    public LeastLiveCut(SearchProblem problem)
    {
        _problem = problem;
        _vertex = new int[problem.OpCount];
        Array.Fill(_vertex, -1);
        _gain = new long[problem.OpCount];
        _tensorSeen = new int[problem.TensorCount];
    }

    /// <summary>Edges looked at since creation.</summary>
    public long Work => _network.Work;

    /// <summary>Picks the operators of the least set; of several, the largest.</summary>
    /// <param name="below">One bit an operator: the lower set.</param>
    /// <param name="free">Operators of the upper set that are not in the lower; every predecessor of one is free or below.</param>
    /// <param name="ignored">A tensor with this flag counts nothing; null for none.</param>
    /// <param name="chosen">Gets, for each free operator, whether it is in the least set.</param>
    /// <param name="atMost">Stops as soon as it is known that the change is at least this; the choice is void then.</param>
    /// <returns>live(least set) − live(lower set), at most 0.</returns>
    public long Solve(ReadOnlySpan<ulong> below, ReadOnlySpan<int> free, bool[]? ignored, Span<bool> chosen, long atMost = long.MinValue)
    {
        _network.Reset((free.Length * 3) + 2);
        foreach (int op in free)
        {
            _vertex[op] = _network.AddNode();
            _gain[op] = 0;
        }
        _seen++;
        long earned = 0;
        foreach (int op in free)
        {
            foreach (int before in _problem.Predecessors[op])
            {
                if (_vertex[before] >= 0)
                    _network.AddEdge(_vertex[op], _vertex[before], FlowNetwork.Unbounded);
            }
            foreach (int t in _problem.OpStarts[op])
                AddStart(t, op, below, ignored);
            foreach (int t in _problem.OpEnds[op])
                earned += AddEnd(t, op, below, ignored);
        }
        foreach (int op in free)
        {
            if (_gain[op] > 0)
            {
                earned += _gain[op];
                _network.AddEdge(FlowNetwork.Source, _vertex[op], _gain[op]);
            }
            else if (_gain[op] < 0)
            {
                _network.AddEdge(_vertex[op], FlowNetwork.Sink, -_gain[op]);
            }
        }
        long flow = _network.Solve(atMost == long.MinValue ? long.MaxValue : earned + atMost);
        Array.Resize(ref _inside, Math.Max(_inside.Length, (free.Length * 4) + _problem.TensorCount + 2));
        _network.LargestSourceSide(_inside);
        for (int i = 0; i < free.Length; i++)
        {
            chosen[i] = _inside[_vertex[free[i]]];
            _vertex[free[i]] = -1;
        }
        return flow - earned;
    }

    private void AddStart(int t, int op, ReadOnlySpan<ulong> below, bool[]? ignored)
    {
        if (ignored is not null && ignored[t])
            return;
        ReadOnlySpan<int> starts = _problem.Starts[t];
        if (starts.Length == 1)
        {
            _gain[op] -= _problem.Bytes[t];
            return;
        }
        int vertex = -1;
        foreach (int other in starts)
        {
            if (Contains(below, other))
                return;
        }
        foreach (int other in starts)
        {
            if (_vertex[other] < 0)
                continue;
            if (vertex < 0)
            {
                if (other != op)
                    return; // Added when its first free operator came by.
                vertex = _network.AddNode();
                _network.AddEdge(vertex, FlowNetwork.Sink, _problem.Bytes[t]);
            }
            _network.AddEdge(_vertex[other], vertex, FlowNetwork.Unbounded);
        }
    }

    private long AddEnd(int t, int op, ReadOnlySpan<ulong> below, bool[]? ignored)
    {
        if (_tensorSeen[t] == _seen || (ignored is not null && ignored[t]))
            return 0;
        _tensorSeen[t] = _seen;
        int freeEnds = 0;
        foreach (int other in _problem.Ends[t])
        {
            if (_vertex[other] >= 0)
                freeEnds++;
            else if (!Contains(below, other))
                return 0;
        }
        if (freeEnds == 1)
        {
            _gain[op] += _problem.Bytes[t];
            return 0;
        }
        int vertex = _network.AddNode();
        _network.AddEdge(FlowNetwork.Source, vertex, _problem.Bytes[t]);
        foreach (int other in _problem.Ends[t])
        {
            if (_vertex[other] >= 0)
                _network.AddEdge(vertex, _vertex[other], FlowNetwork.Unbounded);
        }
        return _problem.Bytes[t];
    }

    private static bool Contains(ReadOnlySpan<ulong> set, int op) => (set[op >> 6] >> (op & 63) & 1) != 0;
}
