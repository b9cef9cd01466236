namespace Serenity.Planning;

/// <summary>Lists of integers in two flat arrays: row i is <c>values[starts[i] .. starts[i+1])</c>.</summary>
internal sealed class JaggedIndex
{
    private readonly int[] _starts, _values;

    private JaggedIndex(int[] starts, int[] values)
    {
        _starts = starts;
        _values = values;
    }

    public ReadOnlySpan<int> this[int row] => _values.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    public static JaggedIndex From(IReadOnlyList<IReadOnlyCollection<int>> rows)
    {
        int[] starts = new int[rows.Count + 1];
        for (int i = 0; i < rows.Count; i++)
            starts[i + 1] = starts[i] + rows[i].Count;
        int[] values = new int[starts[^1]];
        for (int i = 0; i < rows.Count; i++)
        {
            int at = starts[i];
            foreach (int value in rows[i])
                values[at++] = value;
        }
        return new JaggedIndex(starts, values);
    }
}
