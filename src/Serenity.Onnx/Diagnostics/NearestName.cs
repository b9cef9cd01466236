namespace Serenity.Onnx.Diagnostics;

/// <summary>Finds the name that somebody most likely meant.</summary>
public static class NearestName
{
    private const int MostListed = 12;

    /// <summary>The nearest of some names; null if none is near.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="known">The names there are; of equally near ones the first is taken.</param>
    public static string? Of(string written, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(known);
        return Least(known, name =>
        {
            int distance = Distance(written, name);
            // "Budget" for "MemoryBudget": a part of a name, or a name with more around it.
            if (Math.Min(written.Length, name.Length) >= 4
                && (name.Contains(written, StringComparison.OrdinalIgnoreCase) || written.Contains(name, StringComparison.OrdinalIgnoreCase)))
                distance = Math.Min(distance, 2);
            // A third of the letters changed makes another word.
            return distance <= Math.Max(1, Math.Min(written.Length, name.Length) / 3) ? distance : int.MaxValue;
        });
    }

    /// <summary>The name of which another is a misspelling by a few letters; null if it is of none.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="known">The names there are; of equally near ones the first is taken.</param>
    /// <param name="most">How many letters may be other ones.</param>
    public static string? Misspelt(string written, IEnumerable<string> known, int most)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(known);
        return Least(known, name => Distance(written, name) is var distance && distance <= most ? distance : int.MaxValue);
    }

    /// <summary>A question to stand behind a message: <c> Did you mean check?</c>; empty if no name is near.</summary>
    public static string Question(string written, IEnumerable<string> known) => Of(written, known) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>Sentences to stand behind a name that a model does not have: the one that was most likely meant, and some of those that there are.</summary>
    /// <param name="written">What was written.</param>
    /// <param name="known">The names there are.</param>
    public static string Among(string written, IReadOnlyCollection<string> known)
    {
        // People cut names short, and exporters do: "seq" for "sequence", "batch_size" for "batch".
        string? nearest = Of(written, known) ?? known.FirstOrDefault(name => Math.Min(name.Length, written.Length) >= 3
            && (name.StartsWith(written, StringComparison.OrdinalIgnoreCase) || written.StartsWith(name, StringComparison.OrdinalIgnoreCase)));
        return (nearest is null ? "" : $" Did you mean '{nearest}'?") + (known.Count == 0 ? " There are none." : $" These are: {Some(known)}.");
    }

    private static string? Least(IEnumerable<string> names, Func<string, int> distance)
    {
        string? nearest = null;
        int least = int.MaxValue;
        foreach (string name in names)
        {
            if (distance(name) is var d && d < least)
                (nearest, least) = (name, d);
        }
        return nearest;
    }

    private static string Some(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(MostListed).Select(name => $"'{name}'")) + (names.Count > MostListed ? $" and {names.Count - MostListed} more" : "");

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
