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

    /// <summary>Number of rows.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Number of values in all rows.</summary>
    public int Total => _values.Length;

    /// <summary>Rows as they are given; a null row is empty.</summary>
    public static JaggedIndex From(IReadOnlyList<List<int>?> rows)
    {
        int[] starts = new int[rows.Count + 1];
        for (int i = 0; i < rows.Count; i++)
            starts[i + 1] = checked(starts[i] + (rows[i]?.Count ?? 0));
        int[] values = new int[starts[^1]];
        for (int i = 0; i < rows.Count; i++)
            rows[i]?.CopyTo(values, starts[i]);
        return new JaggedIndex(starts, values);
    }

    /// <summary>Row i of the result holds, ascending, the rows of this index in which i stands.</summary>
    /// <param name="rowCount">Number of rows of the result; every value here is less.</param>
    public JaggedIndex Transposed(int rowCount)
    {
        int[] starts = new int[rowCount + 1];
        foreach (int value in _values)
            starts[value + 1]++;
        for (int i = 0; i < rowCount; i++)
            starts[i + 1] += starts[i];
        int[] values = new int[_values.Length];
        int[] next = starts.AsSpan(0, rowCount).ToArray();
        for (int row = 0; row < Count; row++)
        {
            foreach (int value in this[row])
                values[next[value]++] = row;
        }
        return new JaggedIndex(starts, values);
    }
}
