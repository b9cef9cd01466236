namespace Serenity.Planning.Scheduling.Search;

/// <summary>Collects the parts of a <see cref="SearchProblem"/>.</summary>
internal sealed class SearchProblemBuilder
{
    private readonly List<long> _bytes = [];
    private readonly List<List<int>?> _starts = [], _ends = [];
    private readonly List<int>?[] _predecessors, _creditStarts, _creditEnds;

    public SearchProblemBuilder(int operators)
    {
        Original = new int[operators];
        Scratch = new long[operators];
        Credit = new long[operators];
        _predecessors = new List<int>?[operators];
        _creditStarts = new List<int>?[operators];
        _creditEnds = new List<int>?[operators];
    }

    public int[] Original { get; }

    public long[] Scratch { get; }

    public long[] Credit { get; }

    public long Base { get; set; }

    /// <summary>Each pair may be stated once only.</summary>
    public void Before(int before, int after) => (_predecessors[after] ??= []).Add(before);

    public int AddTensor(long bytes, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
    {
        _bytes.Add(bytes);
        _starts.Add(starts.Length == 0 ? null : [.. starts]);
        _ends.Add(ends.Length == 0 ? null : [.. ends]);
        return _bytes.Count - 1;
    }

    public void SetCredit(int op, long bytes, List<int>? starts, List<int>? ends)
    {
        Credit[op] = bytes;
        _creditStarts[op] = starts;
        _creditEnds[op] = ends;
    }

    public SearchProblem Build()
    {
        int n = Scratch.Length;
        JaggedIndex starts = JaggedIndex.From(_starts), ends = JaggedIndex.From(_ends);
        JaggedIndex predecessors = JaggedIndex.From(_predecessors);
        return new SearchProblem
        {
            Predecessors = predecessors,
            Successors = predecessors.Transposed(n),
            OpStarts = starts.Transposed(n),
            OpEnds = ends.Transposed(n),
            Starts = starts,
            Ends = ends,
            Bytes = [.. _bytes],
            Scratch = Scratch,
            Credit = Credit,
            CreditStarts = JaggedIndex.From(_creditStarts),
            CreditEnds = JaggedIndex.From(_creditEnds),
            Base = Base,
            Original = Original,
        };
    }
}
