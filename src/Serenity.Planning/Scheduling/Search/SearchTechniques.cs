namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// The techniques of the scheduling search, each a switch. None changes which peak is found; together they decide how fast.
/// What each does, and why it is exact, stands at the type that does it.
/// </summary>
[Flags]
public enum SearchTechniques
{
    /// <summary>None: plain depth-first search over single operators.</summary>
    None = 0,

    /// <summary>A ready operator that fits and does not raise live is run at once.</summary>
    FreeMoves = 1,

    /// <summary>On coming down to a state's own live bytes, the search commits to the least-live set passed.</summary>
    ValleyCommit = 2,

    /// <summary>States found dead are remembered. Without it, a search takes exponential time on all but small graphs.</summary>
    DeadStates = 4,

    /// <summary>Branch over the smallest sets of operators after which a tensor dies.</summary>
    KillMoves = 8,

    /// <summary>Tensors that take over from each other in a chain become one with scratch.</summary>
    HandOver = 16,

    /// <summary>Operators comparable with all others divide the graph.</summary>
    Divide = 32,

    /// <summary>The least-live down-sets of all divide the graph.</summary>
    LeastLiveSplit = 64,

    /// <summary>A lower bound by one minimum cut an operator, before any search.</summary>
    CutBound = 128,

    /// <summary>Search from the start.</summary>
    Forward = 256,

    /// <summary>Search from the end; with <see cref="Forward"/>, both take turns.</summary>
    Backward = 512,

    /// <summary>Greedy orders as a first upper bound.</summary>
    Greedy = 1024,

    /// <summary>Among the schedules found, one with a small sum of live bytes is taken.</summary>
    Calm = 2048,

    /// <summary>Budgets are tried in steps of the largest number that divides every size.</summary>
    Grain = 4096,

    /// <summary>All of them.</summary>
    All = 8191,
}
