namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and every version of .NET, which System.Random does not promise.
/// </summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 evenly distributed bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number of [0, 1), a multiple of 2^-53.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1L << 53));

    /// <summary>A number of [0, bound), bound above zero; uneven by less than bound / 2^64.</summary>
    public long NextBelow(long bound) => (long)(Next() % (ulong)bound);

    /// <summary>A seed from a text: FNV-1a over its UTF-16 units.</summary>
    public static ulong SeedOf(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
            hash = (hash ^ c) * 1099511628211;
        return hash;
    }
}
