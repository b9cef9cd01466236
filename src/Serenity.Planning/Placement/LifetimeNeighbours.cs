namespace Serenity.Planning.Placement;

/// <summary>
/// For each buffer, those that live at some time with it, where these are few: a run of a hundred thousand kernels that each take and give back some scratch has two or three for each, and looking
/// through all of them for each would take time by the square. Empty buffers are in nobody's way, and are left out.
/// </summary>
internal sealed class LifetimeNeighbours
{
    /// <summary>Neighbours that a buffer has on average, at most. Where there are more, looking through all is as quick, and takes no memory.</summary>
    private const long MostOnAverage = 64;

    private readonly int[] _starts;
    private readonly int[] _all;

    private LifetimeNeighbours(int[] starts, int[] all) => (_starts, _all) = (starts, all);

    /// <summary>The neighbours of a buffer, in no particular order.</summary>
    public ReadOnlySpan<int> Of(int buffer) => _all.AsSpan(_starts[buffer].._starts[buffer + 1]);

    /// <summary>Finds all neighbours; null where there are many.</summary>
    public static LifetimeNeighbours? Find(ArenaBuffer[] buffers)
    {
        int[] byLower = [.. Enumerable.Range(0, buffers.Length).Where(i => buffers[i].Bytes > 0)];
        Array.Sort(byLower, (a, b) => buffers[a].Lower != buffers[b].Lower ? buffers[a].Lower.CompareTo(buffers[b].Lower) : a.CompareTo(b));
        List<(int, int)> pairs = [];
        List<int> live = [];
        foreach (int next in byLower)
        {
            live.RemoveAll(other => buffers[other].Upper <= buffers[next].Lower);
            if (pairs.Count + live.Count > MostOnAverage / 2 * buffers.Length)
                return null;
            foreach (int other in live)
            {
                if (buffers[other].Lower < buffers[next].Upper)
                    pairs.Add((other, next));
            }
            live.Add(next);
        }
        int[] starts = new int[buffers.Length + 1];
        foreach ((int a, int b) in pairs)
        {
            starts[a + 1]++;
            starts[b + 1]++;
        }
        for (int i = 0; i < buffers.Length; i++)
            starts[i + 1] += starts[i];
        int[] all = new int[2 * pairs.Count], ends = starts[..^1];
        foreach ((int a, int b) in pairs)
        {
            all[ends[a]++] = b;
            all[ends[b]++] = a;
        }
        return new LifetimeNeighbours(starts, all);
    }
}
