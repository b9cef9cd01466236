using System.Diagnostics;

namespace Serenity.Benchmarks.Runs;

/// <summary>A ratio with how well it is known.</summary>
/// <param name="Value">Median of the ratios of all rounds.</param>
/// <param name="Error">Half the width of its 95 % interval, as a part of it.</param>
internal readonly record struct KnownRatio(double Value, double Error);

/// <summary>
/// Several ways to run a model, in turns in one process: what others on the machine take lengthens all of a round alike, so ratios are taken round by round. Rounds go on
/// until each ratio is known as well as asked, or there were enough.
/// </summary>
internal sealed class PairedTimes
{
    private const int WarmUps = 5, LeastRounds = 21;

    private readonly List<Sample>[] _samples;

    private PairedTimes(int ways) => _samples = [.. Enumerable.Range(0, ways).Select(_ => new List<Sample>())];

    /// <summary>Rounds that were measured.</summary>
    public int Rounds => _samples[0].Count;

    /// <summary>Runs in turns.</summary>
    /// <param name="ways">The ways; the last is what the others are held against.</param>
    /// <param name="within">How well each ratio is to be known, as a part of it.</param>
    /// <param name="mostRounds">Rounds at most.</param>
    /// <param name="most">How long at most.</param>
    public static PairedTimes Measure(IReadOnlyList<Func<IDisposable>> ways, double within, int mostRounds, TimeSpan most)
    {
        PairedTimes times = new(ways.Count);
        Stopwatch all = Stopwatch.StartNew();
        for (int round = -WarmUps; round < mostRounds; round++)
        {
            // Each is first in turn, so that none always runs behind the same other one.
            for (int k = 0; k < ways.Count; k++)
            {
                int which = (round + WarmUps + k) % ways.Count;
                Sample sample = Time(ways[which]);
                if (round >= 0)
                    times._samples[which].Add(sample);
            }
            // The interval is no wider for being looked at seldom.
            if (round + 1 >= LeastRounds && (round + 1) % 10 == 1
                && (all.Elapsed > most || Enumerable.Range(0, ways.Count - 1).All(which => times.Ratio(which).Error <= within)))
                break;
        }
        return times;
    }

    /// <summary>Processor time of the calling thread beside the last way's.</summary>
    public KnownRatio Ratio(int which) => Known(_samples[which].Zip(_samples[^1], (a, b) => a.Processor / b.Processor));

    /// <summary>Time on the wall beside the last way's.</summary>
    public KnownRatio WallRatio(int which) => Known(_samples[which].Zip(_samples[^1], (a, b) => a.Wall / b.Wall));

    /// <summary>Median processor time of a run, in milliseconds.</summary>
    public double Milliseconds(int which) => Middle(_samples[which].Select(s => s.Processor));

    /// <summary>Median of the pages that a run meets for the first time.</summary>
    public long Faults(int which) => (long)Middle(_samples[which].Select(s => (double)s.Faults));

    private static double Middle(IEnumerable<double> of)
    {
        double[] sorted = [.. of.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The median, and the interval that it lies in 19 times of 20 whatever the distribution: between the ranks that the binomial one of a half gives.</summary>
    private static KnownRatio Known(IEnumerable<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        double reach = 0.98 * Math.Sqrt(sorted.Length), middle = sorted[sorted.Length / 2];
        int low = Math.Max(0, (int)Math.Floor((sorted.Length / 2.0) - reach)), high = Math.Min(sorted.Length - 1, (int)Math.Ceiling((sorted.Length / 2.0) + reach));
        return new KnownRatio(middle, (sorted[high] - sorted[low]) / 2 / middle);
    }

    private static Sample Time(Func<IDisposable> run)
    {
        long faults = ThreadClock.MinorFaults(), wall = Stopwatch.GetTimestamp();
        double start = ThreadClock.Now();
        IDisposable outputs = run();
        double time = ThreadClock.Now() - start, onTheWall = Stopwatch.GetElapsedTime(wall).TotalMilliseconds;
        faults = ThreadClock.MinorFaults() - faults;
        outputs.Dispose();
        return new Sample(time, onTheWall, faults);
    }

    private readonly record struct Sample(double Processor, double Wall, long Faults);
}
