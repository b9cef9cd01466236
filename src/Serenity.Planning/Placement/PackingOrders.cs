namespace Serenity.Planning.Placement;

/// <summary>The static orders in which a packing search tries candidates, as ranks of pieces; all deterministic.</summary>
internal static class PackingOrders
{
    /// <summary>Ranks, one array an order.</summary>
    public static int[][] All(SectionModel model)
    {
        int n = model.Count;
        double[] width = new double[n], height = new double[n], area = new double[n], total = new double[n];
        long[] live = new long[model.SectionCount];
        for (int i = 0; i < n; i++)
        {
            for (int s = model.First[i]; s < model.Last[i]; s++)
                live[s] += model.Height[i];
        }
        for (int i = 0; i < n; i++)
        {
            ArenaBuffer buffer = model.Blocks.Problem.Buffers[model.Buffer[i]];
            width[i] = buffer.Upper - (double)buffer.Lower;
            height[i] = model.Height[i];
            area[i] = width[i] * height[i];
            for (int s = model.First[i]; s < model.Last[i]; s++)
                total[i] = Math.Max(total[i], live[s]);
        }
        return [Ranks(width, height), Ranks(height, width), Ranks(area, height), Ranks(total, area)];
    }

    private static int[] Ranks(double[] first, double[] second)
    {
        int[] order = new int[first.Length];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(order, (a, b) =>
            first[a] != first[b] ? first[b].CompareTo(first[a]) : second[a] != second[b] ? second[b].CompareTo(second[a]) : a.CompareTo(b));
        int[] rank = new int[order.Length];
        for (int k = 0; k < order.Length; k++)
            rank[order[k]] = k;
        return rank;
    }
}
