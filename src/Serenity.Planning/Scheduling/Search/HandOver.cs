namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// States the same costs with fewer deaths: where a tensor g dies at operator c in every schedule (c is its one consumer) and c alone
/// makes tensor y, the bytes that both have are one tensor, from g's start to y's end, and c needs them once more as scratch.
/// </summary>
/// <remarks>
/// Exact, for every down-set and every step: before c only g is live, behind it only y, and both while it runs; the same three sums come
/// out of the shared tensor, the rest of the larger one, and the scratch. Chains of operators so become operators that change nothing
/// but need scratch, which <see cref="KillMoves"/> can put off. Works on the credits too: one that is granted in every schedule is less scratch.
/// </remarks>
internal static class HandOver
{
    private sealed class Tensor(long bytes, int[] starts, int[] ends)
    {
        public long Bytes = bytes;
        public int[] Starts = starts, Ends = ends;
        public int Index = -1;
    }

    /// <summary>The restated problem; operators keep their indices.</summary>
    public static SearchProblem Apply(SearchProblem problem)
    {
        int n = problem.OpCount;
        SearchProblemBuilder builder = new(n) { Base = problem.Base };
        problem.Scratch.CopyTo(builder.Scratch, 0);
        problem.Original.CopyTo(builder.Original, 0);
        List<Tensor> tensors = new(problem.TensorCount);
        List<Tensor>?[] soleEnd = new List<Tensor>?[n], soleStart = new List<Tensor>?[n];
        Tensor[] current = new Tensor[problem.TensorCount];
        for (int t = 0; t < problem.TensorCount; t++)
        {
            Tensor tensor = current[t] = new Tensor(problem.Bytes[t], problem.Starts[t].ToArray(), problem.Ends[t].ToArray());
            tensors.Add(tensor);
            if (tensor.Ends.Length == 1 && Array.IndexOf(tensor.Starts, tensor.Ends[0]) < 0)
                (soleEnd[tensor.Ends[0]] ??= []).Add(tensor);
            if (tensor.Starts.Length == 1 && Array.IndexOf(tensor.Ends, tensor.Starts[0]) < 0)
                (soleStart[tensor.Starts[0]] ??= []).Add(tensor);
        }

        List<int>?[] creditStarts = new List<int>?[n], creditEnds = new List<int>?[n];
        for (int op = 0; op < n; op++)
        {
            foreach (int before in problem.Predecessors[op])
                builder.Before(before, op);
            if (problem.Credit[op] == 0)
                continue;
            bool startsAlways = IsAlways(problem.CreditStarts[op], problem.Starts, op);
            bool endsAlways = IsAlways(problem.CreditEnds[op], problem.Ends, op);
            if (startsAlways && endsAlways)
            {
                builder.Scratch[op] -= problem.Credit[op];
                continue;
            }
            builder.Credit[op] = problem.Credit[op];
            creditStarts[op] = startsAlways ? null : [.. problem.CreditStarts[op]];
            creditEnds[op] = endsAlways ? null : [.. problem.CreditEnds[op]];
        }

        Dictionary<Tensor, Tensor> mergedInto = [];
        foreach (int op in TopologicalOrder.Of(problem))
        {
            if (soleEnd[op] is not { } dying || soleStart[op] is not { } made)
                continue;
            // Largest with largest, so that the most bytes are shared.
            dying.Sort((a, b) => b.Bytes.CompareTo(a.Bytes));
            made.Sort((a, b) => b.Bytes.CompareTo(a.Bytes));
            for (int i = 0; i < Math.Min(dying.Count, made.Count); i++)
                builder.Scratch[op] += Merge(dying[i], made[i], tensors, mergedInto, soleEnd);
        }

        foreach (Tensor tensor in tensors)
        {
            if (tensor.Bytes == 0)
                continue;
            if (tensor.Starts.Length == 0 && tensor.Ends.Length == 0)
                builder.Base += tensor.Bytes;
            else
                tensor.Index = builder.AddTensor(tensor.Bytes, tensor.Starts, tensor.Ends);
        }
        for (int op = 0; op < n; op++)
        {
            if (builder.Credit[op] != 0)
                builder.SetCredit(op, builder.Credit[op], Mapped(creditStarts[op], current, mergedInto), Mapped(creditEnds[op], current, mergedInto));
        }
        return builder.Build();
    }

    // made lives on as the shared tensor: it is the one whose end is still ahead, and so may be handed over again.
    private static long Merge(
        Tensor dying, Tensor made, List<Tensor> tensors, Dictionary<Tensor, Tensor> mergedInto, List<Tensor>?[] soleEnd)
    {
        long shared = Math.Min(dying.Bytes, made.Bytes);
        if (dying.Bytes > shared)
            tensors.Add(new Tensor(dying.Bytes - shared, dying.Starts, dying.Ends));
        if (made.Bytes > shared)
        {
            Tensor rest = new(made.Bytes - shared, made.Starts, made.Ends);
            tensors.Add(rest);
            if (rest.Ends.Length == 1)
                (soleEnd[rest.Ends[0]] ??= []).Add(rest);
        }
        made.Bytes = shared;
        made.Starts = dying.Starts;
        dying.Bytes = 0;
        mergedInto[dying] = made;
        return shared;
    }

    private static bool IsAlways(ReadOnlySpan<int> tensors, JaggedIndex sets, int op)
    {
        foreach (int t in tensors)
        {
            if (sets[t].Length == 1 && sets[t][0] == op)
                return true;
        }
        return tensors.Length == 0;
    }

    private static List<int>? Mapped(List<int>? list, Tensor[] current, Dictionary<Tensor, Tensor> mergedInto)
    {
        if (list is null)
            return null;
        List<int> mapped = [];
        foreach (int t in list)
        {
            Tensor tensor = current[t];
            while (mergedInto.TryGetValue(tensor, out Tensor? next))
                tensor = next;
            mapped.Add(tensor.Index);
        }
        return mapped;
    }
}
