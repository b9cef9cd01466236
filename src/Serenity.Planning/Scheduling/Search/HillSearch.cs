namespace Serenity.Planning.Scheduling.Search;

/// <summary>How a <see cref="HillSearch"/> stands.</summary>
internal enum HillOutcome
{
    /// <summary>The quota of states is used up; it can go on.</summary>
    Paused,

    /// <summary>A schedule within the budget is found.</summary>
    Found,

    /// <summary>There is none.</summary>
    Impossible,

    /// <summary>The table of states has no more room.</summary>
    OutOfMemory,
}

/// <summary>
/// Decides whether some schedule stays within a budget, depth first over down-sets. Can be paused and goes on where it was.
/// </summary>
/// <remarks>
/// The stack holds down-sets of strictly rising live bytes. Three facts make it short:
/// <list type="bullet">
/// <item>Free move: a ready operator that fits and does not raise live is run at once. (It is a valley commit to the next state.)</item>
/// <item>Valley commit: if T ⊇ X is reachable from X within the budget and no set between them is less live than T, then X leads to the
/// end if and only if T does: take a continuation of X and leave out T's operators; each prefix P of it costs live(P ∪ T) ≤ live(P) + live(T) − live(P ∩ T) ≤
/// live(P), as live is submodular, and the steps likewise. So on reaching any T with live(T) ≤ live(X), the least-live set between the two is taken (the path to T,
/// restricted to it, stays within the budget by the same inequality), and X's other moves are dropped.</item>
/// <item>A state found dead is never entered again. Nor is one that was committed away, for as long as what took its place is on the stack or dead:
/// the two are equivalent. The states above it on the stack were left unfinished, and may lie above the set that took over: they are reopened.</item>
/// </list>
/// When the stack runs empty the least cost of a refused step is the least budget that could do better: <see cref="Exceeded"/>. Below it, every
/// decision would have been the same. Once the first state of the stack is committed away, refusals before it do not count, as the commit is valid for every larger budget.
/// </remarks>
internal sealed class HillSearch
{
    private struct Frame
    {
        public int TrailLength, FirstMove, FirstEntry;
        public long Live;
    }

    private readonly SearchProblem _problem;
    private readonly long _budget, _memoryLimit;
    private readonly SearchTechniques _techniques;
    private readonly SearchState _state;
    private readonly StateTable _table;
    private readonly LeastLiveCut _cut;
    private readonly KillMoves? _killMoves;
    private readonly MoveList _moves = new();
    private readonly int[] _trail;
    private readonly int[] _segment;
    private readonly bool[] _chosen;
    private readonly ulong[] _below;
    private Frame[] _stack = new Frame[64];
    private int _depth, _trailLength;

    // Table entries of the states on the stack, each behind those that it took the place of.
    private readonly List<int> _entries = [];
    private bool _started;
    private HillOutcome _outcome = HillOutcome.Paused;

    /// <summary>Prepares the decision.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="budget">No step may cost more.</param>
    /// <param name="techniques">Which techniques are on.</param>
    /// <param name="table">Keeps the states; emptied first.</param>
    /// <param name="memoryLimit">Bytes for the table of states.</param>
    public HillSearch(SearchProblem problem, long budget, SearchTechniques techniques, StateTable table, long memoryLimit)
    {
        _problem = problem;
        _budget = budget;
        _techniques = techniques;
        _memoryLimit = memoryLimit;
        _state = new SearchState(problem);
        _table = table;
        _table.Clear();
        _cut = new LeastLiveCut(problem);
        _killMoves = techniques.HasFlag(SearchTechniques.KillMoves) ? new KillMoves(problem, _state) : null;
        _trail = new int[problem.OpCount];
        _segment = new int[problem.OpCount];
        _chosen = new bool[problem.OpCount];
        _below = new ulong[_state.Done.Length];
    }

    /// <summary>States entered.</summary>
    public long States { get; private set; }

    /// <summary>
    /// What the limit counts: a state, and more for one of many ready operators or of a large graph, as it takes as much longer and
    /// more room. Close to time, and the same on every machine.
    /// </summary>
    public long Effort { get; private set; }

    /// <summary>After <see cref="HillOutcome.Impossible"/>: no schedule's peak is less than this.</summary>
    public long Exceeded { get; private set; } = long.MaxValue;

    /// <summary>After <see cref="HillOutcome.Found"/>: the schedule.</summary>
    public ReadOnlySpan<int> Order => _trail;

    /// <summary>Goes on for about so much effort.</summary>
    public HillOutcome Run(long quota, CancellationToken cancellation)
    {
        if (_outcome != HillOutcome.Paused)
            return _outcome;
        long end = Effort + quota;
        if (!_started)
        {
            _started = true;
            _outcome = Enter(cancellation);
        }
        while (_outcome == HillOutcome.Paused && Effort < end)
        {
            if ((States & 255) == 0)
                cancellation.ThrowIfCancellationRequested();
            _outcome = Step(cancellation);
        }
        return _outcome;
    }

    private HillOutcome Step(CancellationToken cancellation)
    {
        if (_depth == 0)
            return HillOutcome.Impossible;
        ref Frame top = ref _stack[_depth - 1];
        int move = _moves.TakeBest(top.FirstMove, _moves.Count);
        if (move < 0)
        {
            _moves.Truncate(top.FirstMove);
            _entries.RemoveRange(top.FirstEntry, _entries.Count - top.FirstEntry);
            _depth--;
            TakeBackTo(_depth == 0 ? 0 : _stack[_depth - 1].TrailLength);
            return HillOutcome.Paused;
        }
        foreach (int op in _moves[move])
            Run(op);
        return Enter(cancellation);
    }

    // The state just reached: free moves, commits, then a new frame unless it is known.
    private HillOutcome Enter(CancellationToken cancellation)
    {
        int firstEntry = _entries.Count;
        for (; ; )
        {
            if (_techniques.HasFlag(SearchTechniques.FreeMoves))
                RunFree();
            if (_state.DoneCount == _problem.OpCount)
                return HillOutcome.Found;
            if (_depth == 0 || !_techniques.HasFlag(SearchTechniques.ValleyCommit) || _state.Live > _stack[_depth - 1].Live)
                break;
            firstEntry = Commit(firstEntry);
            cancellation.ThrowIfCancellationRequested();
        }
        if (_techniques.HasFlag(SearchTechniques.DeadStates))
        {
            if (!_table.TryEnter(_state.Done, _state.Hash, out int entry))
            {
                _entries.RemoveRange(firstEntry, _entries.Count - firstEntry);
                TakeBackTo(_depth == 0 ? 0 : _stack[_depth - 1].TrailLength);
                return HillOutcome.Paused;
            }
            if ((States & 63) == 0 && _table.MemoryBytes + _table.NextGrowthBytes > _memoryLimit)
                return HillOutcome.OutOfMemory;
            _entries.Add(entry);
        }
        States++;
        Effort += 1 + (_state.ReadyCount / 16) + (_problem.OpCount / 256);
        Push(firstEntry);
        return HillOutcome.Paused;
    }

    private void RunFree()
    {
        // Round and round the ready operators, until one whole round found nothing.
        for (int i = 0, refused = 0; refused < _state.ReadyCount;)
        {
            if (i >= _state.ReadyCount)
                i = 0;
            int op = _state.Ready(i);
            _state.Evaluate(op, out long during, out long change);
            if (change > 0 || during > _budget)
            {
                i++;
                refused++;
                continue;
            }
            Run(op);
            refused = 0;
        }
    }

    // The earliest state on the stack that is no less live than the present one gives way to the least-live set between the two.
    // Takes and returns where the table entries of the states that gave way begin.
    private int Commit(int pendingEntry)
    {
        int at = _depth - 1;
        while (at > 0 && _stack[at - 1].Live >= _state.Live)
            at--;
        int from = _stack[at].TrailLength, length = _trailLength - from;
        _moves.Truncate(_stack[at].FirstMove);
        int firstEntry = _stack[at].FirstEntry;
        int reopened = at + 1 < _depth ? _stack[at + 1].FirstEntry : pendingEntry;
        for (int i = reopened; i < _entries.Count; i++)
            _table.Reopen(_entries[i]);
        _entries.RemoveRange(reopened, _entries.Count - reopened);
        _depth = at;
        if (length > 1)
        {
            Array.Copy(_trail, from, _segment, 0, length);
            _state.Done.CopyTo(_below, 0);
            for (int i = 0; i < length; i++)
                _below[_segment[i] >> 6] &= ~(1UL << (_segment[i] & 63));
            _cut.Solve(_below, _segment.AsSpan(0, length), null, _chosen);
            if (_chosen.AsSpan(0, length).Contains(false))
            {
                TakeBackTo(from);
                for (int i = 0; i < length; i++)
                {
                    if (_chosen[i])
                        Run(_segment[i]);
                }
            }
        }
        if (_depth == 0)
        {
            _table.Clear();
            _entries.Clear();
            firstEntry = 0;
            Exceeded = long.MaxValue;
        }
        return firstEntry;
    }

    private void Push(int firstEntry)
    {
        if (_depth == _stack.Length)
            Array.Resize(ref _stack, _depth * 2);
        _stack[_depth++] = new Frame { TrailLength = _trailLength, FirstMove = _moves.Count, Live = _state.Live, FirstEntry = firstEntry };
        long exceeded = Exceeded;
        if (_killMoves is null || !_killMoves.TryAdd(_budget, _moves, ref exceeded))
            AddSingleMoves(ref exceeded);
        Exceeded = exceeded;
    }

    private void AddSingleMoves(ref long exceeded)
    {
        _moves.Truncate(_stack[_depth - 1].FirstMove);
        for (int i = 0; i < _state.ReadyCount; i++)
        {
            int op = _state.Ready(i);
            _state.Evaluate(op, out long during, out long change);
            if (during > _budget)
                exceeded = Math.Min(exceeded, during);
            else
                _moves.Add([op], change);
        }
    }

    private void Run(int op)
    {
        _state.Run(op);
        _trail[_trailLength++] = op;
    }

    private void TakeBackTo(int length)
    {
        while (_trailLength > length)
            _state.TakeBack(_trail[--_trailLength]);
    }
}
