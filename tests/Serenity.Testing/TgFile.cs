using System.Globalization;
using Serenity.Planning;

namespace Serenity.Testing;

/// <summary>Reads scheduling problems in the text format of <c>data/graphs/*.tg</c>, versions 1 and 2.</summary>
/// <remarks>
/// Version 1: the number of operators, then <c>id bytes k pred_1 … pred_k</c>, one output each; outputs without consumers stay live.
/// Version 2: <c>format2 NODES TENSORS</c>, then lines <c>tensor id bytes producer isOutput k consumer_1 … consumer_k</c>,
/// <c>edge u v</c>, <c>inplace v</c>, <c>writers t v1 … vk</c>, <c>scratch v bytes</c>.
/// </remarks>
public static class TgFile
{
    /// <summary>Reads a file; operators keep their ids.</summary>
    /// <exception cref="FormatException">The text is not in the format; names the line.</exception>
    public static MemoryGraph Read(string path) => Parse(File.ReadAllText(path), path);

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="FormatException">The text is not in the format; names the line.</exception>
    public static MemoryGraph Parse(string text, string name = "graph")
    {
        string[] lines = text.Split('\n');
        int line = 0;
        try
        {
            string[] first = Fields(lines[0]);
            return first is ["format2", _, _] ? Version2(lines, first, ref line) : Version1(lines, first, ref line);
        }
        catch (Exception e) when (e is FormatException or IndexOutOfRangeException or ArgumentException or OverflowException or InvalidOperationException)
        {
            throw new FormatException($"{name}, line {line + 1}: {e.Message}", e);
        }
    }

    private static MemoryGraph Version1(string[] lines, string[] first, ref int line)
    {
        MemoryGraphBuilder builder = new();
        int nodes = Int(first[0]);
        List<(int Reader, int Writer)> reads = [];
        int[] tensorOf = new int[nodes];
        bool[] read = new bool[nodes], seen = new bool[nodes];
        long[] bytes = new long[nodes];
        for (int i = 0; i < nodes; i++)
            builder.AddOperator();
        for (line = 1; line < lines.Length; line++)
        {
            string[] fields = Fields(lines[line]);
            if (fields.Length == 0)
                continue;
            int id = Int(fields[0]), count = Int(fields[2]);
            if (seen[id])
                throw new FormatException($"Node {id} stands twice.");
            if (fields.Length != count + 3)
                throw new FormatException($"Node {id} states {count} predecessors and has {fields.Length - 3}.");
            seen[id] = true;
            bytes[id] = Long(fields[1]);
            for (int i = 0; i < count; i++)
            {
                int before = Int(fields[3 + i]);
                reads.Add((id, before));
                read[before] = true;
            }
        }
        if (Array.IndexOf(seen, false) is >= 0 and int missing)
            throw new FormatException($"Node {missing} is missing.");
        for (int id = 0; id < nodes; id++)
        {
            tensorOf[id] = builder.AddTensor(bytes[id], isOutput: !read[id]);
            builder.Writes(id, tensorOf[id]);
        }
        foreach ((int reader, int writer) in reads)
            builder.Reads(reader, tensorOf[writer]);
        return builder.Build();
    }

    private static MemoryGraph Version2(string[] lines, string[] first, ref int line)
    {
        MemoryGraphBuilder builder = new();
        int nodes = Int(first[1]), tensors = Int(first[2]);
        for (int i = 0; i < nodes; i++)
            builder.AddOperator();
        List<int> inPlace = [];
        int[] writer = new int[tensors], tensorOf = new int[tensors];
        long[] bytes = new long[tensors];
        int[] output = new int[nodes];
        List<int>[] inputs = new List<int>[nodes];
        Array.Fill(output, -1);
        Array.Fill(tensorOf, -1);
        for (line = 1; line < lines.Length; line++)
        {
            string[] fields = Fields(lines[line]);
            if (fields.Length == 0)
                continue;
            switch (fields[0])
            {
                case "tensor":
                    int id = Int(fields[1]), count = Int(fields[5]);
                    if (tensorOf[id] >= 0)
                        throw new FormatException($"Tensor {id} stands twice.");
                    if (fields.Length != count + 6)
                        throw new FormatException($"Tensor {id} states {count} consumers and has {fields.Length - 6}.");
                    bytes[id] = Long(fields[2]);
                    writer[id] = Int(fields[3]);
                    tensorOf[id] = builder.AddTensor(bytes[id], Int(fields[4]) != 0);
                    if (writer[id] >= 0)
                        Write(writer[id], id);
                    for (int i = 0; i < count; i++)
                    {
                        builder.Reads(Int(fields[6 + i]), tensorOf[id]);
                        (inputs[Int(fields[6 + i])] ??= []).Add(id);
                    }
                    break;
                case "edge":
                    builder.RunsAfter(Int(fields[2]), Int(fields[1]));
                    break;
                case "inplace":
                    inPlace.Add(Int(fields[1]));
                    break;
                case "writers":
                    foreach (string field in fields.AsSpan(2))
                        Write(Int(field), Int(fields[1]));
                    break;
                case "scratch":
                    builder.AddScratch(Int(fields[1]), Long(fields[2]));
                    break;
                default:
                    throw new FormatException($"'{fields[0]}' is no kind of line.");
            }
        }
        line = 0;
        if (Array.IndexOf(tensorOf, -1) is >= 0 and int missing)
            throw new FormatException($"Tensor {missing} is missing.");
        foreach (int op in inPlace)
        {
            if (output[op] < 0)
                throw new FormatException($"Node {op} works in place but writes nothing.");
            foreach (int input in inputs[op] ?? [])
            {
                if (bytes[input] == bytes[output[op]])
                    builder.AllowInPlace(op, tensorOf[input]);
            }
        }
        return builder.Build();

        void Write(int op, int tensor)
        {
            builder.Writes(op, tensorOf[tensor]);
            output[op] = tensor;
        }
    }

    private static string[] Fields(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static int Int(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static long Long(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
