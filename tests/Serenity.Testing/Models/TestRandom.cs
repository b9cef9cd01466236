namespace Serenity.Testing.Models;

/// <summary>SplitMix64: the same numbers from the same seed on every machine and every version of .NET.</summary>
public sealed class TestRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 random bits.</summary>
    public ulong Bits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="end"/> - 1.</summary>
    public int Next(int end) => (int)(Bits() % (ulong)end);

    /// <summary>A number from <paramref name="start"/> to <paramref name="end"/> - 1.</summary>
    public int Next(int start, int end) => start + Next(end - start);

    /// <summary>A number from 0 up to 1.</summary>
    public double Unit() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>Floats between -<paramref name="scale"/> and <paramref name="scale"/>.</summary>
    public float[] Floats(long count, double scale)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)((Unit() * 2 - 1) * scale);
        return values;
    }
}
