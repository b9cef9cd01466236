namespace Serenity.Build.Text;

/// <summary>Rows under headings. On a terminal drawn with lines and wrapped; in a file or a pipe aligned with spaces, one line a row.</summary>
/// <param name="headings">The columns; one that starts with '&gt;' is aligned to the right.</param>
public sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Headings without their marks.</summary>
    public IReadOnlyList<string> Headings { get; } = [.. headings.Select(h => h.TrimStart('>'))];

    /// <summary>The rows.</summary>
    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>True if a column is aligned to the right.</summary>
    public bool IsRight(int column) => headings[column].StartsWith('>');

    /// <summary>Adds a row; one cell a column.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length)
            throw new ArgumentException($"The table has {headings.Length} columns, the row {cells.Length}.", nameof(cells));
        _rows.Add(cells);
    }

    /// <summary>Writes plain lines.</summary>
    public void WritePlain(TextWriter output)
    {
        int[] widths = [.. Headings.Select((heading, column) => _rows.Select(row => row[column].Length).Append(heading.Length).Max())];
        WriteRow(output, [.. Headings], widths);
        foreach (string[] row in _rows)
            WriteRow(output, row, widths);
    }

    private void WriteRow(TextWriter output, string[] cells, int[] widths)
    {
        IEnumerable<string> padded = cells.Select((cell, column) => IsRight(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
        output.WriteLine(string.Join("  ", padded).TrimEnd());
    }
}
