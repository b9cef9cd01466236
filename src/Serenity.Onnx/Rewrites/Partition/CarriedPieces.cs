using Serenity.Onnx.Rewrites.Search;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Regions run in pieces as they are stated, and not searched for.</summary>
internal static class CarriedPieces
{
    /// <summary>Nodes that none of the regions has.</summary>
    /// <param name="regions">The regions.</param>
    /// <param name="nodes">Names of all nodes.</param>
    public static IReadOnlySet<string> Others(IReadOnlyList<PieceChoice> regions, IEnumerable<string> nodes)
    {
        HashSet<string> others = new(nodes, StringComparer.Ordinal);
        foreach (PieceChoice region in regions)
            others.ExceptWith(region.Nodes);
        return others;
    }

    /// <summary>Cuts a model.</summary>
    /// <param name="graph">The model; all nodes that none of the regions has are kept whole in it.</param>
    /// <param name="regions">The regions.</param>
    /// <returns>Null where the schedule has no such regions, one behind the other.</returns>
    public static PartitionedModel? TryCut(PartitionGraph graph, IReadOnlyList<PieceChoice> regions)
    {
        Dictionary<string, int> steps = new(StringComparer.Ordinal), makers = new(StringComparer.Ordinal);
        for (int step = 0; step < graph.Nodes.Length; step++)
        {
            steps[graph.Nodes[step].Name] = step;
            foreach (string output in graph.Nodes[step].Output)
                makers[output] = step;
        }
        List<Cut> cuts = [];
        foreach (PieceChoice choice in regions)
        {
            int[] members = [.. choice.Nodes.Where(steps.ContainsKey).Select(node => steps[node])];
            if (members.Length == 0 || !makers.TryGetValue(choice.Pieces.Value, out int last) || last - members.Min() >= graph.MostSteps)
                return null;
            CutRegion? region = CutRegion.Find(graph, members.Min(), last, choice.Pieces.Axis, grow: false);
            if (region is null || region.Nodes.Length < members.Length)
                region = CutRegion.Find(graph, members.Min(), last, choice.Pieces.Axis, grow: true) ?? region;
            if (region is null || PieceTable.TryCut(region, choice.Pieces.Count) is not { IsStable: true })
                return null;
            cuts.Add(new Cut(region, choice.Pieces.Count, 0, 0, 0));
        }
        cuts.Sort((a, b) => a.Region.First.CompareTo(b.Region.First));
        for (int i = 1; i < cuts.Count; i++)
        {
            if (cuts[i].Region.First <= cuts[i - 1].Region.Last)
                return null;
        }
        return PartitionWriter.Write(graph, cuts);
    }
}
