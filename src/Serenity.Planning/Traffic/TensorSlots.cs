using System.Numerics;

namespace Serenity.Planning.Traffic;

/// <summary>A number below 64 for every tensor, such that no two that are alive at once share one: sets of live tensors are then words.</summary>
internal sealed class TensorSlots
{
    private const int Most = 64;

    private readonly int[] _slotOf;
    private readonly int[][] _tensorIn;

    private TensorSlots(int[] slotOf, int[][] tensorIn) => (_slotOf, _tensorIn) = (slotOf, tensorIn);

    /// <summary>Gives out numbers; null if more than 64 tensors are alive at once.</summary>
    public static TensorSlots? TryAssign(OnChipSteps steps)
    {
        int[] slotOf = new int[steps.Graph.TensorCount], current = new int[Most];
        Array.Fill(slotOf, -1);
        Array.Fill(current, -1);
        int[][] tensorIn = new int[steps.Count][];
        ulong taken = 0;
        foreach (int t in steps.AtStart)
        {
            if (!Take(t))
                return null;
        }
        for (int step = 0; step < steps.Count; step++)
        {
            foreach (int t in steps.Written[step])
            {
                if (slotOf[t] < 0 && !Take(t))
                    return null;
            }
            tensorIn[step] = [.. current];
            foreach (int t in steps.Gone[step])
                taken &= ~(1UL << slotOf[t]);
        }
        return new TensorSlots(slotOf, tensorIn);

        bool Take(int tensor)
        {
            int slot = BitOperations.TrailingZeroCount(~taken);
            if (slot >= Most)
                return false;
            taken |= 1UL << slot;
            (slotOf[tensor], current[slot]) = (slot, tensor);
            return true;
        }
    }

    /// <summary>The tensor that has a slot during a step.</summary>
    public int Tensor(int step, int slot) => _tensorIn[step][slot];

    /// <summary>The slots of tensors.</summary>
    public ulong Mask(ReadOnlySpan<int> tensors)
    {
        ulong mask = 0;
        foreach (int t in tensors)
            mask |= 1UL << _slotOf[t];
        return mask;
    }

    /// <summary>The tensors in slots, during a step.</summary>
    public int[] Tensors(int step, ulong slots)
    {
        int[] tensors = new int[BitOperations.PopCount(slots)];
        for (int i = 0; slots != 0; slots &= slots - 1)
            tensors[i++] = _tensorIn[step][BitOperations.TrailingZeroCount(slots)];
        Array.Sort(tensors);
        return tensors;
    }

    /// <summary>Bytes of the tensors in slots, during a step.</summary>
    public long Bytes(MemoryGraph graph, int step, ulong slots)
    {
        long bytes = 0;
        for (; slots != 0; slots &= slots - 1)
            bytes += graph.Bytes(_tensorIn[step][BitOperations.TrailingZeroCount(slots)]);
        return bytes;
    }
}
