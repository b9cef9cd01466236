namespace Serenity.Planning.Scheduling.Search;

/// <summary>All that a search of a problem depends on but its base, as a key: two problems are the same only if every figure is.</summary>
internal sealed class SegmentContent : IEquatable<SegmentContent>
{
    private readonly long[] _figures;
    private readonly int _hash;

    private SegmentContent(long[] figures)
    {
        _figures = figures;
        HashCode hash = new();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(figures.AsSpan()));
        _hash = hash.ToHashCode();
    }

    public static SegmentContent Of(SearchProblem problem, SearchTechniques techniques)
    {
        // Operators' own lists of tensors, and successors, follow from these.
        ReadOnlySpan<JaggedIndex> lists = [problem.Predecessors, problem.Starts, problem.Ends, problem.CreditStarts, problem.CreditEnds];
        ReadOnlySpan<long[]> figures = [problem.Bytes, problem.Scratch, problem.Credit];
        int size = 3;
        foreach (JaggedIndex list in lists)
            size += list.Count + list.Total;
        foreach (long[] row in figures)
            size += row.Length;
        long[] all = new long[size];
        int at = 0;
        all[at++] = (long)techniques;
        all[at++] = problem.OpCount;
        all[at++] = problem.TensorCount;
        foreach (JaggedIndex list in lists)
        {
            for (int row = 0; row < list.Count; row++)
            {
                ReadOnlySpan<int> values = list[row];
                all[at++] = values.Length;
                foreach (int value in values)
                    all[at++] = value;
            }
        }
        foreach (long[] row in figures)
        {
            row.CopyTo(all, at);
            at += row.Length;
        }
        return new SegmentContent(all);
    }

    public bool Equals(SegmentContent? other) => other is not null && _hash == other._hash && _figures.AsSpan().SequenceEqual(other._figures);

    public override bool Equals(object? obj) => Equals(obj as SegmentContent);

    public override int GetHashCode() => _hash;
}
