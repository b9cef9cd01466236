namespace Serenity.Planning.Traffic;

/// <summary>Replays what a plan moves, from the definition of the model alone, and says what is wrong with it. Shares nothing with the search.</summary>
public static class TrafficValidator
{
    /// <summary>Checks a plan.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">The schedule that the plan is for.</param>
    /// <param name="plan">The plan.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public static string? Check(MemoryGraph graph, ReadOnlySpan<int> order, TrafficPlan plan)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(plan);
        for (int i = 0, next = 0; i < plan.Steps.Count; next = plan.Steps[i++].Step + 1)
        {
            if (plan.Steps[i].Step < next || plan.Steps[i].Step >= order.Length)
                return $"moves before step {plan.Steps[i].Step} are said twice, out of their order, or before no step";
        }
        if (plan.LowerBoundBytes > plan.Bytes)
            return $"the bound is {plan.LowerBoundBytes} bytes, and {plan.Bytes} move";
        Dictionary<int, TrafficStep> moves = plan.Steps.ToDictionary(m => m.Step);
        int[] rank = new int[graph.OperatorCount];
        for (int step = 0; step < order.Length; step++)
            rank[order[step]] = step;
        // Found once: a tensor that each step reads would take time by the square.
        int[] lastUse = [.. Enumerable.Range(0, graph.TensorCount).Select(t => LastUse(graph, rank, t))];
        // Where each tensor is: on chip, outside, both.
        HashSet<int> chip = [], outside = [];
        for (int t = 0; t < graph.TensorCount; t++)
        {
            if (graph.IsGraphInput(t) && (graph.Consumers(t).Length > 0 || graph.IsOutput(t)))
            {
                chip.Add(t);
                outside.Add(t);
            }
        }
        long read = 0, written = 0;
        int streamed = 0;
        for (int step = 0; step < order.Length; step++)
        {
            int op = order[step];
            TrafficStep move = moves.GetValueOrDefault(step) ?? new TrafficStep(step, [], [], false);
            int[] inputs = graph.Inputs(op).ToArray(), outputs = graph.Outputs(op).ToArray();
            int[] began = [.. outputs.Where(t => graph.Writers(t).ToArray().All(w => rank[w] >= step))];
            int[] needed = [.. inputs.Union(outputs.Except(began))];
            foreach (int t in move.Dropped)
            {
                if (!chip.Remove(t))
                    return $"step {step} drops tensor {t}, which is not on chip";
                if (outside.Add(t))
                    written += graph.Bytes(t);
            }
            long own = graph.Scratch(op) + inputs.Union(outputs).Sum(graph.Bytes);
            if (began.Length == 1 && graph.InPlaceInputs(op).ToArray().Any(t => !graph.IsOutput(t) && lastUse[t] == step))
                own -= graph.Bytes(began[0]);
            if (move.Streams != own > plan.CapacityBytes)
                return $"step {step} takes {own} bytes of {plan.CapacityBytes}, and is{(move.Streams ? "" : " not")} streamed";
            foreach (int t in move.Read)
            {
                if (!move.Streams && chip.Contains(t))
                    return $"step {step} reads tensor {t}, which is on chip";
                if (!outside.Contains(t))
                    return $"step {step} reads tensor {t}, which has no copy outside";
                read += graph.Bytes(t);
                chip.Add(t);
            }
            if (needed.FirstOrDefault(t => !chip.Contains(t), -1) is >= 0 and int missing)
                return $"step {step} needs tensor {missing}, which is not on chip";
            if (move.Streams)
            {
                streamed++;
                if (!needed.ToHashSet().SetEquals(move.Read) || chip.Except(needed).Any(t => graph.Bytes(t) > 0))
                    return $"step {step} is streamed while other tensors are on chip, or without reading its own";
                written += outputs.Sum(graph.Bytes);
                chip.Clear();
                outside.UnionWith(outputs);
            }
            else
            {
                long others = chip.Except(inputs).Except(outputs).Sum(graph.Bytes);
                if (own + others > plan.CapacityBytes)
                    return $"step {step} has {own + others} bytes on chip of {plan.CapacityBytes}";
                chip.UnionWith(outputs);
                outside.ExceptWith(outputs);
            }
            foreach (int t in inputs.Union(outputs))
            {
                if (!graph.IsOutput(t) && lastUse[t] <= step)
                {
                    chip.Remove(t);
                    outside.Remove(t);
                }
            }
        }
        for (int t = 0; t < graph.TensorCount; t++)
        {
            if (graph.IsOutput(t) && !chip.Contains(t) && !outside.Contains(t))
                return $"output {t} is lost";
        }
        return (read, written, streamed) == (plan.ReadBytes, plan.WrittenBytes, plan.StreamedSteps) ? null
            : $"{read} bytes are read, {written} written and {streamed} steps streamed; the plan says {plan.ReadBytes}, {plan.WrittenBytes} and {plan.StreamedSteps}";
    }

    private static int LastUse(MemoryGraph graph, int[] rank, int tensor)
    {
        int last = -1;
        foreach (int op in graph.Consumers(tensor))
            last = Math.Max(last, rank[op]);
        foreach (int op in graph.Writers(tensor))
            last = Math.Max(last, rank[op]);
        return last;
    }
}
