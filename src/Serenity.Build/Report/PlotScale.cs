using System.Globalization;

namespace Serenity.Build.Report;

/// <summary>Round values along the axes of the report's pictures. Steps are counted from 1 where people read them.</summary>
internal static class PlotScale
{
    /// <summary>Height of a picture in the units of its shapes: finer than any screen, and short to write.</summary>
    public const int Units = 2000;

    private const int Ticks = 6;

    /// <summary>Zero and multiples of a power of two, about six of them, up to an end.</summary>
    public static IEnumerable<long> OfBytes(long end)
    {
        long step = 1;
        while (step < end / Ticks)
            step *= 2;
        yield return 0;
        for (long left = end, value = step; left >= step; left -= step, value += step)
            yield return value;
    }

    /// <summary>The first step, and round numbers of steps up to the last: 1, 10, 20, …</summary>
    public static IEnumerable<int> OfSteps(int count)
    {
        if (count == 0)
            yield break;
        yield return 1;
        int step = 1;
        for (int i = 0; step * Ticks < count; i++)
            step = checked((int)Math.Pow(10, i / 3) * (i % 3) switch { 0 => 1, 1 => 2, _ => 5 });
        for (int value = step; value <= count; value += step)
        {
            if (value > 1)
                yield return value;
        }
    }

    /// <summary>A height in the units of shapes, from the bottom.</summary>
    public static int Unit(long bytes, long top) => (int)Math.Round((double)bytes / top * Units);

    /// <summary>A place as a part of the whole, as SVG writes it.</summary>
    public static string Percent(double part) => (100 * part).ToString("0.###", CultureInfo.InvariantCulture) + "%";
}
