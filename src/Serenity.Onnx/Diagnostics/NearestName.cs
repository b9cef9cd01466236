namespace Serenity.Onnx.Diagnostics;

/// <summary>Finds the name that somebody most likely meant.</summary>
public static class NearestName
{
    /// <summary>The nearest of some names; null if none is near.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="known">The names there are; of equally near ones the first is taken.</param>
    public static string? Of(string written, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(known);
        string? nearest = null;
        int least = int.MaxValue;
        foreach (string name in known)
        {
            int distance = Distance(written, name);
            // "Budget" for "MemoryBudget": a part of a name, or a name with more around it.
            if (Math.Min(written.Length, name.Length) >= 4
                && (name.Contains(written, StringComparison.OrdinalIgnoreCase) || written.Contains(name, StringComparison.OrdinalIgnoreCase)))
                distance = Math.Min(distance, 2);
            // A third of the letters changed makes another word.
            if (distance < least && distance <= Math.Max(1, Math.Min(written.Length, name.Length) / 3))
                (nearest, least) = (name, distance);
        }
        return nearest;
    }

    /// <summary>A question to stand behind a message: <c> Did you mean check?</c>; empty if no name is near.</summary>
    public static string Question(string written, IEnumerable<string> known) => Of(written, known) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>
    /// How many letters must be put in, taken out, replaced, or swapped with their neighbour, without regard to case (optimal string alignment).
    /// </summary>
    private static int Distance(string a, string b)
    {
        // Others' names may be of any length; the difference alone is too much then.
        if (Math.Abs(a.Length - b.Length) > Math.Max(a.Length, b.Length) / 2)
            return int.MaxValue;
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = cost[i - 1, j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1);
                int least = Math.Min(replaced, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                    least = Math.Min(least, cost[i - 2, j - 2] + 1);
                cost[i, j] = least;
            }
        }
        return cost[a.Length, b.Length];
    }

    private static bool Same(char a, char b) => char.ToUpperInvariant(a) == char.ToUpperInvariant(b);
}
