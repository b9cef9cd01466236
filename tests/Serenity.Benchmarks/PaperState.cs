using Serenity.Planning;

namespace Serenity.Benchmarks;

/// <summary>A set of operators of one piece that have run, as a key of a dictionary.</summary>
internal readonly struct PaperKey(ulong[] bits) : IEquatable<PaperKey>
{
    public ulong[] Bits { get; } = bits;

    public bool Equals(PaperKey other) => Bits.AsSpan().SequenceEqual(other.Bits);

    public override bool Equals(object? obj) => obj is PaperKey other && Equals(other);

    public override int GetHashCode()
    {
        ulong hash = 0;
        foreach (ulong word in Bits)
            hash = (hash ^ word) * 0x9E3779B97F4A7C15 ^ (hash >> 29);
        return (int)(hash >> 32);
    }
}

/// <summary>What is live in the course of one piece of a graph, all before which has run: counters, straight from the memory model.</summary>
internal sealed class PaperState
{
    private readonly MemoryGraph _graph;
    private readonly int[] _piece, _local, _pending, _written, _usersLeft;
    private readonly ulong[] _done;
    private long _live;

    public PaperState(MemoryGraph graph, int[] piece)
    {
        _graph = graph;
        _piece = piece;
        _local = new int[graph.OperatorCount];
        _pending = new int[graph.OperatorCount];
        _written = new int[graph.TensorCount];
        _usersLeft = new int[graph.TensorCount];
        _done = new ulong[(piece.Length + 63) / 64];
        Array.Fill(_local, -1);
        for (int i = 0; i < piece.Length; i++)
            _local[piece[i]] = i;
        for (int t = 0; t < graph.TensorCount; t++)
        {
            _usersLeft[t] = graph.Consumers(t).Length + graph.Writers(t).Length;
            if (graph.IsGraphInput(t) && (_usersLeft[t] > 0 || graph.IsOutput(t)))
            {
                _written[t] = 1;
                _live += graph.Bytes(t);
            }
        }
        // All ancestors outside the piece have run.
        HashSet<int> before = [];
        Stack<int> stack = new(piece);
        while (stack.TryPop(out int op))
        {
            foreach (int p in graph.Predecessors(op))
            {
                if (_local[p] < 0 && before.Add(p))
                    stack.Push(p);
            }
        }
        foreach (int op in piece)
        {
            foreach (int p in graph.Predecessors(op))
                _pending[op] += _local[p] >= 0 ? 1 : 0;
        }
        foreach (int op in before)
            Apply(op, +1);
    }

    public PaperKey Key() => new((ulong[])_done.Clone());

    /// <summary>Changes to another set of operators of the piece.</summary>
    public void Load(PaperKey key)
    {
        for (int i = 0; i < _piece.Length; i++)
        {
            bool has = (_done[i >> 6] >> (i & 63) & 1) != 0, wanted = (key.Bits[i >> 6] >> (i & 63) & 1) != 0;
            if (has != wanted)
                Set(_piece[i], wanted);
        }
    }

    /// <summary>The zero-indegree set.</summary>
    public List<int> ZeroIndegree()
    {
        List<int> ready = [];
        for (int i = 0; i < _piece.Length; i++)
        {
            if (_pending[_piece[i]] == 0 && (_done[i >> 6] >> (i & 63) & 1) == 0)
                ready.Add(_piece[i]);
        }
        return ready;
    }

    /// <summary>Runs an operator; returns the bytes live meanwhile.</summary>
    public long Run(int op)
    {
        long during = _live + _graph.Scratch(op);
        bool takesOver = false;
        foreach (int input in _graph.InPlaceInputs(op))
            takesOver |= _usersLeft[input] == 1 && !_graph.IsOutput(input);
        foreach (int t in _graph.Outputs(op))
            during += _written[t] == 0 && !takesOver ? _graph.Bytes(t) : 0;
        Set(op, true);
        return during;
    }

    public void TakeBack(int op) => Set(op, false);

    private void Set(int op, bool done)
    {
        _done[_local[op] >> 6] ^= 1UL << (_local[op] & 63);
        foreach (int after in _graph.Successors(op))
            _pending[after] += done ? -1 : 1;
        Apply(op, done ? 1 : -1);
    }

    private void Apply(int op, int by)
    {
        foreach (int t in _graph.Outputs(op))
            Count(t, by, by);
        foreach (int t in _graph.Inputs(op))
            Count(t, 0, by);
    }

    private void Count(int t, int written, int used)
    {
        _live -= IsLive(t) ? _graph.Bytes(t) : 0;
        _written[t] += written;
        _usersLeft[t] -= used;
        _live += IsLive(t) ? _graph.Bytes(t) : 0;
    }

    private bool IsLive(int t) => _written[t] > 0 && (_usersLeft[t] > 0 || _graph.IsOutput(t));
}
