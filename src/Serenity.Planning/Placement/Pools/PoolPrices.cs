namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// A bound from prices (Lagrangian relaxation): room in a pool has a price at each half step, every block takes what is cheapest for it alone, price of its room
/// included, and the price of all room there is comes off. No choice that fits costs less, whatever the prices; good ones are sought by subgradients.
/// </summary>
/// <remarks>What is returned is computed in whole numbers from whole prices, so that it is a bound, and the same on every machine.</remarks>
internal sealed class PoolPrices
{
    private const int Rounds = 160, PatienceRounds = 8;

    /// <summary>Sums of sizes that are told apart; with more, a pool counts as one that could be filled to the last byte.</summary>
    private const int MostSums = 2_000;

    private readonly PoolChoices _choices;
    private readonly int[] _times;
    private readonly (int From, int To)[][][] _spans;

    /// <summary>For each pool and time, the most of it that buffers which may be there then can fill.</summary>
    private readonly long[][] _room;

    private PoolPrices(PoolChoices choices)
    {
        _choices = choices;
        // A sum of spans is largest where one of them begins.
        _times = [.. choices.Units.SelectMany(u => u.Choices).SelectMany(c => c.Spans).Select(s => s.From).Distinct().Order()];
        _spans = Array.ConvertAll(choices.Units, u => Array.ConvertAll(u.Choices, c => Array.ConvertAll(c.Spans, s => (At(s.From), At(s.To)))));
        Sums = Array.ConvertAll(choices.Capacity, _ => new long[_times.Length + 1]);
        RoomSums = Array.ConvertAll(choices.Capacity, _ => new long[_times.Length + 1]);
        _room = Rooms();
        Slack = Array.ConvertAll(choices.Units, u => new long[u.Choices.Length]);
        long most = choices.Units.Sum(u => u.Choices.Max(c => c.Cost));
        Scale = most < 1L << 44 ? 256 : most < 1L << 52 ? 4 : 1;
    }

    /// <summary>The cost 1, in the unit of the bound.</summary>
    public long Scale { get; }

    /// <summary>The bound, in 1/<see cref="Scale"/> of the cost's unit.</summary>
    public long Bound { get; private set; }

    /// <summary>For each block and choice, by how much the bound rises if that is chosen.</summary>
    public long[][] Slack { get; }

    /// <summary>For each pool, sums of prices up to a time; see <see cref="At"/>.</summary>
    public long[][] Sums { get; }

    /// <summary>For each pool, sums of prices times room up to a time.</summary>
    public long[][] RoomSums { get; }

    /// <summary>The bound in the cost's own unit.</summary>
    public long CostBound => Ceiling(Bound);

    /// <summary>The least whole cost that is not below a bound.</summary>
    public long Ceiling(long bound) => bound <= 0 ? 0 : (bound + Scale - 1) / Scale;

    /// <summary>Number of times at which something may begin.</summary>
    public int Times => _times.Length;

    /// <summary>Index of the first time that is not before a half step.</summary>
    public int At(int half)
    {
        int at = Array.BinarySearch(_times, half);
        return at < 0 ? ~at : at;
    }

    /// <summary>Seeks prices.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="known">The cost of a plan that fits; only sets the length of steps.</param>
    /// <param name="seek">False to leave all prices at zero.</param>
    public static PoolPrices Seek(PoolChoices choices, long known, bool seek)
    {
        PoolPrices prices = new(choices);
        double[][] best = prices.Zero(), current = prices.Zero();
        if (seek && prices._times.Length > 0)
        {
            double[][] over = prices.Zero();
            double highest = double.NegativeInfinity, step = 1;
            int since = 0;
            for (int round = 0; round < Rounds; round++)
            {
                double bound = prices.Relaxed(current, over);
                if (bound > highest + (1e-9 * Math.Abs(highest)))
                {
                    highest = bound;
                    since = 0;
                    for (int pool = 0; pool < best.Length; pool++)
                        current[pool].CopyTo(best[pool], 0);
                }
                else if (++since >= PatienceRounds)
                {
                    step /= 2;
                    since = 0;
                    for (int pool = 0; pool < best.Length; pool++)
                        best[pool].CopyTo(current[pool], 0);
                    prices.Relaxed(current, over);
                }
                if (!Step(current, over, step * Math.Max(known - highest, 1)))
                    break;
            }
        }
        prices.Settle(best);
        return prices;
    }

    // Sizes are few and large: what they can add up to is often far below the size of the pool, and no more than that is worth a price.
    private long[][] Rooms()
    {
        long[][] room = Array.ConvertAll(_choices.Capacity, capacity => Enumerable.Repeat(capacity, _times.Length).ToArray());
        List<long>[][] sizes = Array.ConvertAll(_choices.Capacity, _ => _times.Select(_ => new List<long>()).ToArray());
        for (int u = 0; u < _spans.Length; u++)
        {
            Dictionary<(int Pool, int Time), long> most = [];
            for (int c = 0; c < _spans[u].Length; c++)
            {
                Dictionary<(int Pool, int Time), long> here = [];
                for (int s = 0; s < _spans[u][c].Length; s++)
                {
                    for (int t = _spans[u][c][s].From; t < _spans[u][c][s].To; t++)
                        here[(_choices.Units[u].Choices[c].Spans[s].Pool, t)] = here.GetValueOrDefault((_choices.Units[u].Choices[c].Spans[s].Pool, t)) + _choices.Units[u].Choices[c].Spans[s].Bytes;
                }
                foreach (((int Pool, int Time) at, long bytes) in here)
                    most[at] = Math.Max(most.GetValueOrDefault(at), bytes);
            }
            // Tied buffers take different sums at different times, and every choice takes the same at one.
            foreach (((int pool, int time), long bytes) in most)
                sizes[pool][time].Add(bytes);
        }
        for (int pool = 0; pool < room.Length; pool++)
        {
            for (int t = 0; t < _times.Length; t++)
                room[pool][t] = t > 0 && sizes[pool][t].SequenceEqual(sizes[pool][t - 1]) ? room[pool][t - 1] : LargestSum(sizes[pool][t], _choices.Capacity[pool]);
        }
        return room;
    }

    private static long LargestSum(List<long> sizes, long capacity)
    {
        HashSet<long> sums = [0];
        foreach (long size in sizes)
        {
            foreach (long sum in sums.ToArray())
            {
                if (sum + size <= capacity)
                    sums.Add(sum + size);
            }
            if (sums.Count > MostSums)
                return capacity;
        }
        return sums.Max();
    }

    private double[][] Zero() => Array.ConvertAll(_choices.Capacity, _ => new double[_times.Length]);

    // The bound in doubles, and by how much each pool would be overfull at each time.
    private double Relaxed(double[][] price, double[][] over)
    {
        int pools = price.Length, times = _times.Length;
        double[][] sums = new double[pools][];
        double bound = 0;
        for (int pool = 0; pool < pools; pool++)
        {
            sums[pool] = new double[times + 1];
            for (int t = 0; t < times; t++)
                sums[pool][t + 1] = sums[pool][t] + price[pool][t];
            for (int t = 0; t < times; t++)
                bound -= price[pool][t] * _room[pool][t];
            Array.Clear(over[pool]);
        }
        double[][] change = Array.ConvertAll(over, o => new double[o.Length + 1]);
        for (int u = 0; u < _spans.Length; u++)
        {
            PoolUnit unit = _choices.Units[u];
            int chosen = 0;
            double least = double.PositiveInfinity;
            for (int c = 0; c < unit.Choices.Length; c++)
            {
                PoolChoice choice = unit.Choices[c];
                double cost = choice.Cost;
                for (int s = 0; s < choice.Spans.Length; s++)
                {
                    double[] sum = sums[choice.Spans[s].Pool];
                    cost += (sum[_spans[u][c][s].To] - sum[_spans[u][c][s].From]) * choice.Spans[s].Bytes;
                }
                if (cost < least)
                    (least, chosen) = (cost, c);
            }
            bound += least;
            PoolSpan[] spans = unit.Choices[chosen].Spans;
            for (int s = 0; s < spans.Length; s++)
            {
                change[spans[s].Pool][_spans[u][chosen][s].From] += spans[s].Bytes;
                change[spans[s].Pool][_spans[u][chosen][s].To] -= spans[s].Bytes;
            }
        }
        for (int pool = 0; pool < pools; pool++)
        {
            double live = 0;
            for (int t = 0; t < times; t++)
            {
                live += change[pool][t];
                over[pool][t] = live - _room[pool][t];
            }
        }
        return bound;
    }

    private static bool Step(double[][] price, double[][] over, double length)
    {
        double norm = 0;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < price[pool].Length; t++)
            {
                if (price[pool][t] > 0 || over[pool][t] > 0)
                    norm += over[pool][t] * over[pool][t];
            }
        }
        if (norm == 0)
            return false;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < price[pool].Length; t++)
                price[pool][t] = Math.Max(0, price[pool][t] + (length / norm * over[pool][t]));
        }
        return true;
    }

    // Whole prices, and all that follows from them in whole numbers.
    private void Settle(double[][] price)
    {
        Bound = 0;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < _times.Length; t++)
            {
                long whole = (long)(price[pool][t] * Scale);
                Sums[pool][t + 1] = Sums[pool][t] + whole;
                RoomSums[pool][t + 1] = checked(RoomSums[pool][t] + (whole * _room[pool][t]));
            }
            Bound -= RoomSums[pool][_times.Length];
        }
        for (int u = 0; u < Slack.Length; u++)
        {
            PoolUnit unit = _choices.Units[u];
            for (int c = 0; c < unit.Choices.Length; c++)
            {
                PoolChoice choice = unit.Choices[c];
                Slack[u][c] = checked(choice.Cost * Scale);
                for (int s = 0; s < choice.Spans.Length; s++)
                {
                    long[] sum = Sums[choice.Spans[s].Pool];
                    Slack[u][c] = checked(Slack[u][c] + ((sum[_spans[u][c][s].To] - sum[_spans[u][c][s].From]) * choice.Spans[s].Bytes));
                }
            }
            long least = Slack[u].Min();
            Bound = checked(Bound + least);
            for (int c = 0; c < unit.Choices.Length; c++)
                Slack[u][c] -= least;
        }
    }
}
