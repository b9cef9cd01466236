namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// Cuts a problem at down-sets that the schedule is to pass through: part i runs the operators between the i-th and the next. A tensor
/// that lives across a whole part is a constant there.
/// </summary>
internal static class ProblemSplitter
{
    /// <summary>Splits; each part's <see cref="SearchProblem.Original"/> are indices in <paramref name="problem"/>.</summary>
    /// <param name="problem">The whole.</param>
    /// <param name="partOf">For each operator its part; no operator's part is before that of a predecessor.</param>
    /// <param name="parts">Number of parts.</param>
    public static SearchProblem[] Split(SearchProblem problem, int[] partOf, int parts)
    {
        int[] size = new int[parts], local = new int[problem.OpCount];
        for (int op = 0; op < local.Length; op++)
            local[op] = size[partOf[op]]++;
        SearchProblemBuilder[] builders = new SearchProblemBuilder[parts];
        for (int part = 0; part < parts; part++)
            builders[part] = new SearchProblemBuilder(size[part]);
        for (int op = 0; op < local.Length; op++)
        {
            SearchProblemBuilder builder = builders[partOf[op]];
            builder.Original[local[op]] = op;
            builder.Scratch[local[op]] = problem.Scratch[op];
            foreach (int before in problem.Predecessors[op])
            {
                if (partOf[before] == partOf[op])
                    builder.Before(local[before], local[op]);
            }
        }

        long[] baseChange = new long[parts + 1];
        baseChange[0] = problem.Base;
        int[] startPart = new int[problem.TensorCount], endPart = new int[problem.TensorCount];
        int[] indexInStart = new int[problem.TensorCount], indexInEnd = new int[problem.TensorCount];
        List<int> starts = [], ends = [];
        for (int t = 0; t < problem.TensorCount; t++)
        {
            int first = problem.Starts[t].Length == 0 ? -1 : int.MaxValue, last = problem.Ends[t].Length == 0 ? parts : -1;
            foreach (int op in problem.Starts[t])
                first = Math.Min(first, partOf[op]);
            foreach (int op in problem.Ends[t])
                last = Math.Max(last, partOf[op]);
            (startPart[t], endPart[t]) = (first, last);
            indexInStart[t] = indexInEnd[t] = -1;
            if (first >= 0)
            {
                Gather(problem.Starts[t], first, starts);
                Gather(first == last ? problem.Ends[t] : default, first, ends);
                indexInStart[t] = builders[first].AddTensor(problem.Bytes[t], Span(starts), Span(ends));
                if (first == last)
                    indexInEnd[t] = indexInStart[t];
            }
            if (last < parts && last != first)
            {
                Gather(problem.Ends[t], last, ends);
                indexInEnd[t] = builders[last].AddTensor(problem.Bytes[t], default, Span(ends));
            }
            if (first + 1 < last)
            {
                baseChange[first + 1] += problem.Bytes[t];
                baseChange[last] -= problem.Bytes[t];
            }
        }
        for (int op = 0; op < local.Length; op++)
        {
            if (problem.Credit[op] != 0)
                SetCredit(op);
        }

        SearchProblem[] result = new SearchProblem[parts];
        long live = 0;
        for (int part = 0; part < parts; part++)
        {
            live += baseChange[part];
            builders[part].Base = live;
            result[part] = builders[part].Build();
        }
        return result;

        void Gather(ReadOnlySpan<int> ops, int part, List<int> into)
        {
            into.Clear();
            foreach (int op in ops)
            {
                if (partOf[op] == part)
                    into.Add(local[op]);
            }
        }

        // A condition that can no longer hold in this part takes the credit with it.
        void SetCredit(int op)
        {
            int part = partOf[op];
            List<int>? creditStarts = null, creditEnds = null;
            foreach (int t in problem.CreditStarts[op])
            {
                creditStarts ??= [];
                if (startPart[t] == part)
                    creditStarts.Add(indexInStart[t]);
            }
            foreach (int t in problem.CreditEnds[op])
            {
                creditEnds ??= [];
                if (endPart[t] == part)
                    creditEnds.Add(indexInEnd[t]);
            }
            if (creditStarts is not { Count: 0 } && creditEnds is not { Count: 0 })
                builders[part].SetCredit(local[op], problem.Credit[op], creditStarts, creditEnds);
        }
    }

    private static ReadOnlySpan<int> Span(List<int> list) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list);
}
