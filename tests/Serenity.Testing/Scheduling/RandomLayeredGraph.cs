using Serenity.Planning;

namespace Serenity.Testing.Scheduling;

/// <summary>Random graphs of many operators in layers, each reading a few recent tensors: hard to schedule for their size.</summary>
public static class RandomLayeredGraph
{
    /// <summary>A graph; a seed gives the same one on every machine.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="operators">Number of operators.</param>
    /// <param name="width">How far back an operator reads: the number of recent tensors it chooses from.</param>
    public static MemoryGraph Create(int seed, int operators, int width)
    {
        Random random = new(seed);
        MemoryGraphBuilder builder = new();
        List<int> tensors = [];
        for (int i = 0; i < operators; i++)
        {
            int op = builder.AddOperator();
            for (int k = 0; k < 2 && i > 0; k++)
                builder.Reads(op, tensors[Math.Max(0, i - 1 - random.Next(width))]);
            tensors.Add(builder.AddTensor(1 + random.Next(100), isOutput: i == operators - 1));
            builder.Writes(op, tensors[i]);
        }
        return builder.Build();
    }
}
