using Serenity.Planning;

namespace Serenity.Testing.Scheduling;

/// <summary>
/// Random graphs with every feature of the memory model: several consumers, several outputs, graph inputs and outputs, dead and zero-byte
/// tensors, in-place operators, accumulation groups, scratch, control edges. Each feature is missing from some graphs. A seed gives
/// the same graph on every machine.
/// </summary>
public static class RandomMemoryGraph
{
    /// <summary>A graph of the given number of operators.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="operators">Number of operators.</param>
    /// <param name="multiple">What all sizes are multiples of.</param>
    public static MemoryGraph Create(int seed, int operators, long multiple = 1)
    {
        Random random = new(seed);
        MemoryGraphBuilder builder = new();
        int maxBytes = Pick(random, 1, 2, 3, 8, 100), fanIn = 1 + random.Next(4), reach = Pick(random, 2, 4, 8, 100);
        double twoOutputs = Chance(random), groups = Chance(random), inPlace = Chance(random), scratch = Chance(random);
        double control = Chance(random), outputs = Chance(random), zero = random.Next(4) == 0 ? 0.2 : 0, dead = random.Next(3) == 0 ? 0.15 : 0;

        // Operators take part in any order of their indices: a random relabelling of a topological order.
        int[] label = new int[operators];
        for (int i = 0; i < operators; i++)
        {
            label[i] = builder.AddOperator();
            int other = random.Next(i + 1);
            (label[i], label[other]) = (label[other], label[i]);
        }
        List<(int Tensor, int Since, long Bytes)> readable = [];
        for (int i = random.Next(3); i > 0; i--)
        {
            long bytes = Bytes();
            readable.Add((builder.AddTensor(bytes, random.NextDouble() < outputs), 0, bytes));
        }
        List<(int Tensor, long Bytes, int Due)> open = [];
        for (int i = 0; i < operators; i++)
        {
            int op = label[i];
            HashSet<int> read = [];
            for (int k = random.Next(fanIn + 1); k > 0 && readable.Count > 0; k--)
            {
                (int tensor, _, _) = readable[Math.Max(0, readable.Count - 1 - random.Next(Math.Min(reach, readable.Count)))];
                read.Add(tensor);
                builder.Reads(op, tensor);
            }
            if (i > 0 && random.NextDouble() < control)
                builder.RunsAfter(op, label[random.Next(i)]);
            if (random.NextDouble() < scratch)
                builder.AddScratch(op, multiple * random.Next(2 * maxBytes));

            // A group is open to writers for a while, and readable only when it is closed.
            int written = -1;
            long writtenBytes = 0;
            int wanted = 0;
            if (random.NextDouble() < groups)
            {
                if (open.Count > 0 && random.Next(3) > 0)
                {
                    (written, writtenBytes, _) = open[random.Next(open.Count)];
                    if (read.Contains(written))
                        written = -1;
                }
                else
                {
                    writtenBytes = Bytes();
                    written = builder.AddTensor(writtenBytes, random.NextDouble() < outputs / 2);
                    open.Add((written, writtenBytes, i + 1 + random.Next(6)));
                }
                if (written >= 0)
                    builder.Writes(op, written);
            }
            if (written < 0 || random.NextDouble() < twoOutputs / 2)
                wanted = random.NextDouble() < twoOutputs ? 2 : 1;
            int outputsOfOp = (written >= 0 ? 1 : 0) + wanted;
            for (int k = 0; k < wanted; k++)
            {
                writtenBytes = inPlace > 0 && read.Count > 0 && random.Next(2) == 0 ? readable.First(r => read.Contains(r.Tensor)).Bytes : Bytes();
                written = builder.AddTensor(writtenBytes, random.NextDouble() < outputs);
                builder.Writes(op, written);
                if (random.NextDouble() >= dead)
                    readable.Add((written, i, writtenBytes));
            }
            if (outputsOfOp == 1 && random.NextDouble() < inPlace)
            {
                foreach ((int tensor, _, long bytes) in readable)
                {
                    if (read.Contains(tensor) && bytes == writtenBytes)
                        builder.AllowInPlace(op, tensor);
                }
            }
            for (int k = open.Count - 1; k >= 0; k--)
            {
                if (open[k].Due > i)
                    continue;
                readable.Add((open[k].Tensor, i, open[k].Bytes));
                open.RemoveAt(k);
            }
        }
        return builder.Build();

        long Bytes() => random.NextDouble() < zero ? 0 : multiple * (1 + random.Next(maxBytes));
    }

    private static int Pick(Random random, params int[] values) => values[random.Next(values.Length)];

    private static double Chance(Random random) => random.Next(3) == 0 ? 0 : random.NextDouble() * 0.6;
}
