using System.Numerics;

namespace Serenity.Planning.Scheduling.Search;

/// <summary>A down-set of operators, with what is live and what is ready, kept up to date as operators are run and taken back.</summary>
internal sealed class SearchState
{
    private readonly SearchProblem _problem;
    private readonly int[] _pendingPredecessors, _readyAt, _ready;
    private readonly int[] _started, _endsLeft;
    private readonly ulong[] _keys;

    public SearchState(SearchProblem problem)
    {
        _problem = problem;
        int n = problem.OpCount;
        _pendingPredecessors = new int[n];
        _readyAt = new int[n];
        _ready = new int[n];
        _started = new int[problem.TensorCount];
        _endsLeft = new int[problem.TensorCount];
        _keys = new ulong[n];
        Done = new ulong[(n + 63) / 64];
        for (int op = 0; op < n; op++)
        {
            _keys[op] = Mix((ulong)op + 1);
            _readyAt[op] = -1;
            _pendingPredecessors[op] = problem.Predecessors[op].Length;
            if (_pendingPredecessors[op] == 0)
                AddReady(op);
        }
        for (int t = 0; t < problem.TensorCount; t++)
        {
            _endsLeft[t] = problem.Ends[t].Length == 0 ? int.MaxValue / 2 : problem.Ends[t].Length;
            _started[t] = problem.Starts[t].Length == 0 ? 1 : 0;
        }
        Live = problem.LiveAtStart;
    }

    /// <summary>One bit an operator.</summary>
    public ulong[] Done { get; }

    /// <summary>Operators that have run.</summary>
    public int DoneCount { get; private set; }

    /// <summary>Bytes live now, between two operators.</summary>
    public long Live { get; private set; }

    /// <summary>Hash of <see cref="Done"/>.</summary>
    public ulong Hash { get; private set; }

    public int ReadyCount { get; private set; }

    public int Ready(int i) => _ready[i];

    public bool IsDone(int op) => (Done[op >> 6] >> (op & 63) & 1) != 0;

    /// <summary>Predecessors of an operator that have not run.</summary>
    public int PendingPredecessors(int op) => _pendingPredecessors[op];

    /// <summary>True if the tensor has become live (and perhaps died).</summary>
    public bool IsStarted(int tensor) => _started[tensor] != 0;

    /// <summary>Operators that must still run before the tensor dies; huge if it never dies.</summary>
    public int EndsLeft(int tensor) => _endsLeft[tensor];

    /// <summary>What running a ready operator now would cost.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="during">Bytes live while it runs.</param>
    /// <param name="change">By how much <see cref="Live"/> would rise.</param>
    public void Evaluate(int op, out long during, out long change)
    {
        long allocated = 0, freed = 0;
        long[] bytes = _problem.Bytes;
        foreach (int t in _problem.OpStarts[op])
        {
            if (_started[t] == 0)
                allocated += bytes[t];
        }
        foreach (int t in _problem.OpEnds[op])
        {
            if (_endsLeft[t] == 1)
                freed += bytes[t];
        }
        during = Live + _problem.Scratch[op] + allocated;
        if (_problem.Credit[op] != 0 && IsCreditGranted(op))
            during -= _problem.Credit[op];
        change = allocated - freed;
    }

    private bool IsCreditGranted(int op)
    {
        ReadOnlySpan<int> starts = _problem.CreditStarts[op], ends = _problem.CreditEnds[op];
        bool granted = starts.Length == 0;
        foreach (int t in starts)
            granted |= _started[t] == 0;
        if (!granted)
            return false;
        granted = ends.Length == 0;
        foreach (int t in ends)
            granted |= _endsLeft[t] == 1;
        return granted;
    }

    /// <summary>Runs a ready operator.</summary>
    public void Run(int op)
    {
        long live = Live;
        foreach (int t in _problem.OpStarts[op])
        {
            if (_started[t]++ == 0)
                live += _problem.Bytes[t];
        }
        foreach (int t in _problem.OpEnds[op])
        {
            if (--_endsLeft[t] == 0)
                live -= _problem.Bytes[t];
        }
        Live = live;
        RemoveReady(op);
        foreach (int after in _problem.Successors[op])
        {
            if (--_pendingPredecessors[after] == 0)
                AddReady(after);
        }
        Done[op >> 6] |= 1UL << (op & 63);
        Hash ^= _keys[op];
        DoneCount++;
    }

    /// <summary>Takes back an operator that has run and none of whose successors has.</summary>
    public void TakeBack(int op)
    {
        long live = Live;
        foreach (int t in _problem.OpStarts[op])
        {
            if (--_started[t] == 0)
                live -= _problem.Bytes[t];
        }
        foreach (int t in _problem.OpEnds[op])
        {
            if (_endsLeft[t]++ == 0)
                live += _problem.Bytes[t];
        }
        Live = live;
        foreach (int after in _problem.Successors[op])
        {
            if (_pendingPredecessors[after]++ == 0)
                RemoveReady(after);
        }
        AddReady(op);
        Done[op >> 6] &= ~(1UL << (op & 63));
        Hash ^= _keys[op];
        DoneCount--;
    }

    private void AddReady(int op)
    {
        _readyAt[op] = ReadyCount;
        _ready[ReadyCount++] = op;
    }

    private void RemoveReady(int op)
    {
        int at = _readyAt[op], last = _ready[--ReadyCount];
        _ready[at] = last;
        _readyAt[last] = at;
        _readyAt[op] = -1;
    }

    /// <summary>The <see cref="Hash"/> that belongs to a set.</summary>
    public static ulong HashOf(ReadOnlySpan<ulong> set)
    {
        ulong hash = 0;
        for (int word = 0; word < set.Length; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
                hash ^= Mix((ulong)((word << 6) + BitOperations.TrailingZeroCount(bits)) + 1);
        }
        return hash;
    }

    // splitmix64's finalizer: fixed keys, so every run hashes alike.
    private static ulong Mix(ulong x)
    {
        x *= 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
