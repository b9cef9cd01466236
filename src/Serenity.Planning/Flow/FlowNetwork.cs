namespace Serenity.Planning.Flow;

/// <summary>Maximum flow, by shortest augmenting paths with distance labels and the gap rule; no recursion, memory reused between problems.</summary>
public sealed class FlowNetwork
{
    /// <summary>A capacity that no cut of finite cost contains.</summary>
    public const long Unbounded = long.MaxValue / 2;

    private int[] _head = [], _next = new int[64], _to = new int[64];
    private long[] _capacity = new long[64];
    private int[] _distance = [], _current = [], _parent = [], _atDistance = [], _queue = [];
    private int _edges, _nodes;

    /// <summary>Edges looked at since creation: the work done, the same on every machine.</summary>
    public long Work { get; private set; }

    /// <summary>The node that flow comes from.</summary>
    public const int Source = 0;

    /// <summary>The node that flow goes to.</summary>
    public const int Sink = 1;

    /// <summary>Starts a new problem; nodes 0 and 1 are source and sink.</summary>
    public void Reset(int expectedNodes)
    {
        _edges = 0;
        _nodes = 0;
        if (_head.Length < expectedNodes)
            Grow(expectedNodes);
        AddNode();
        AddNode();
    }

    /// <summary>Adds a node; returns its number.</summary>
    public int AddNode()
    {
        if (_nodes == _head.Length)
            Grow(_nodes * 2);
        _head[_nodes] = -1;
        return _nodes++;
    }

    /// <summary>Adds an edge.</summary>
    /// <param name="from">The node that it leaves.</param>
    /// <param name="to">The node that it enters.</param>
    /// <param name="capacity">Most flow along it, not negative; at most <see cref="Unbounded"/>.</param>
    public void AddEdge(int from, int to, long capacity)
    {
        if (_edges + 2 > _to.Length)
        {
            Array.Resize(ref _next, _edges * 2);
            Array.Resize(ref _to, _edges * 2);
            Array.Resize(ref _capacity, _edges * 2);
        }
        Link(from, to, capacity);
        Link(to, from, 0);
    }

    private void Link(int from, int to, long capacity)
    {
        _to[_edges] = to;
        _capacity[_edges] = capacity;
        _next[_edges] = _head[from];
        _head[from] = _edges++;
    }

    /// <summary>The maximum flow from source to sink, or a figure of at least <paramref name="enough"/> as soon as it is that much.</summary>
    public long Solve(long enough = long.MaxValue)
    {
        LabelFromSink();
        long flow = 0;
        int at = Source;
        Array.Copy(_head, _current, _nodes);
        while (_distance[Source] < _nodes && flow < enough)
        {
            int edge = _current[at];
            while (edge >= 0 && (_capacity[edge] == 0 || _distance[at] != _distance[_to[edge]] + 1))
            {
                edge = _next[edge];
                Work++;
            }
            _current[at] = edge;
            if (edge >= 0)
            {
                at = _to[edge];
                _parent[at] = edge;
                if (at == Sink)
                {
                    flow += Augment();
                    at = Source;
                }
                continue;
            }
            int least = _nodes;
            for (edge = _head[at]; edge >= 0; edge = _next[edge])
            {
                Work++;
                if (_capacity[edge] > 0 && _distance[_to[edge]] < least)
                    least = _distance[_to[edge]];
            }
            if (--_atDistance[_distance[at]] == 0 && _distance[at] < _nodes)
                break;
            _distance[at] = Math.Min(least + 1, _nodes);
            _atDistance[_distance[at]]++;
            _current[at] = _head[at];
            if (at != Source)
                at = _to[_parent[at] ^ 1];
        }
        return flow;
    }

    private long Augment()
    {
        long amount = long.MaxValue;
        for (int at = Sink; at != Source; at = _to[_parent[at] ^ 1])
            amount = Math.Min(amount, _capacity[_parent[at]]);
        for (int at = Sink; at != Source; at = _to[_parent[at] ^ 1])
        {
            _capacity[_parent[at]] -= amount;
            _capacity[_parent[at] ^ 1] += amount;
            Work++;
        }
        return amount;
    }

    private void LabelFromSink()
    {
        Array.Fill(_distance, _nodes, 0, _nodes);
        Array.Clear(_atDistance, 0, _nodes + 1);
        SpreadFromSink();
        for (int i = 0; i < _nodes; i++)
            _atDistance[_distance[i]]++;
    }

    private void SpreadFromSink()
    {
        int head = 0, tail = 0;
        _queue[tail++] = Sink;
        _distance[Sink] = 0;
        while (head < tail)
        {
            int at = _queue[head++];
            for (int edge = _head[at]; edge >= 0; edge = _next[edge])
            {
                Work++;
                int from = _to[edge];
                if (_capacity[edge ^ 1] == 0 || _distance[from] < _nodes)
                    continue;
                _distance[from] = _distance[at] + 1;
                _queue[tail++] = from;
            }
        }
    }

    /// <summary>After <see cref="Solve"/>: marks the nodes on the source's side of the minimum cut with the largest such side.</summary>
    public void LargestSourceSide(Span<bool> inside)
    {
        Array.Fill(_distance, _nodes, 0, _nodes);
        SpreadFromSink();
        for (int i = 0; i < _nodes; i++)
            inside[i] = _distance[i] == _nodes;
    }

    private void Grow(int nodes)
    {
        nodes = Math.Max(nodes, 64);
        Array.Resize(ref _head, nodes);
        Array.Resize(ref _distance, nodes);
        Array.Resize(ref _current, nodes);
        Array.Resize(ref _parent, nodes);
        Array.Resize(ref _atDistance, nodes + 1);
        Array.Resize(ref _queue, nodes);
    }
}
