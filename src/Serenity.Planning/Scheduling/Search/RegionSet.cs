using System.Numerics;

namespace Serenity.Planning.Scheduling.Search;

/// <summary>Sets of operators of a <see cref="KillRegion"/>, by their numbers in it: a bit each.</summary>
internal static class RegionSet
{
    /// <summary>Words of a set, and the most operators that one has room for.</summary>
    public const int Words = 4, Limit = 64 * Words;

    /// <summary>True if the set contains an operator.</summary>
    public static bool Has(ReadOnlySpan<ulong> set, int local) => (set[local >> 6] >> (local & 63) & 1) != 0;

    /// <summary>Takes an operator out.</summary>
    public static void Remove(Span<ulong> set, int local) => set[local >> 6] &= ~(1UL << (local & 63));

    /// <summary>Adds all of another set.</summary>
    public static void Unite(Span<ulong> into, ReadOnlySpan<ulong> other)
    {
        for (int word = 0; word < Words; word++)
            into[word] |= other[word];
    }

    /// <summary>How many operators it contains.</summary>
    public static int SizeOf(ReadOnlySpan<ulong> set)
    {
        int size = 0;
        for (int word = 0; word < Words; word++)
            size += BitOperations.PopCount(set[word]);
        return size;
    }

    /// <summary>True if two sets have an operator in common.</summary>
    public static bool Intersects(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        for (int word = 0; word < Words; word++)
        {
            if ((a[word] & b[word]) != 0)
                return true;
        }
        return false;
    }

    /// <summary>True if one set is part of another, or equal to it.</summary>
    public static bool IsSubset(ReadOnlySpan<ulong> inner, ReadOnlySpan<ulong> outer)
    {
        for (int word = 0; word < Words; word++)
        {
            if ((inner[word] & ~outer[word]) != 0)
                return false;
        }
        return true;
    }
}
