using System.Globalization;
using System.Text;
using Serenity.Planning.Placement;

namespace Serenity.Testing;

/// <summary>Reads and writes offset assignment problems as CSV: <c>id,lower,upper,size</c>, live in [lower, upper).</summary>
public static class ArenaFile
{
    /// <summary>Reads a problem.</summary>
    /// <exception cref="FormatException">A line is not four fields, or a field is no number.</exception>
    public static ArenaProblem Load(string path, long alignment = 1) => Parse(File.ReadAllLines(path), alignment);

    /// <summary>Reads a problem from lines; the first is the header.</summary>
    /// <exception cref="FormatException">A line is not four fields, or a field is no number.</exception>
    public static ArenaProblem Parse(IEnumerable<string> lines, long alignment = 1)
    {
        List<ArenaBuffer> buffers = [];
        foreach (string line in lines.Skip(1))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            string[] fields = line.Split(',');
            if (fields.Length < 4)
                throw new FormatException($"Not a line of id,lower,upper,size: '{line}'.");
            buffers.Add(new ArenaBuffer(
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                int.Parse(fields[2], CultureInfo.InvariantCulture),
                long.Parse(fields[3], CultureInfo.InvariantCulture)));
        }
        return new ArenaProblem([.. buffers], [], alignment);
    }

    /// <summary>The ids of a file's lines, in order.</summary>
    public static string[] Ids(string path) =>
        [.. File.ReadLines(path).Skip(1).Where(line => !string.IsNullOrWhiteSpace(line)).Select(line => line.Split(',')[0])];

    /// <summary>A placed problem as <c>id,lower,upper,size,offset</c>.</summary>
    public static string Format(ArenaProblem problem, ReadOnlySpan<string> ids, ReadOnlySpan<long> offsets)
    {
        StringBuilder text = new("id,lower,upper,size,offset\n");
        for (int i = 0; i < offsets.Length; i++)
        {
            ArenaBuffer buffer = problem.Buffers[i];
            text.Append(CultureInfo.InvariantCulture, $"{ids[i]},{buffer.Lower},{buffer.Upper},{buffer.Bytes},{offsets[i]}\n");
        }
        return text.ToString();
    }
}
