namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// Prices for room (Lagrangian relaxation of the size of the pools): what <see cref="RoomMeasures"/> measures of a pool has a price at each time, every block takes what is cheapest for it alone,
/// price of its room included, and the price of all room there is comes off. Good prices are sought by subgradients; <see cref="PoolBound"/> begins with them.
/// </summary>
internal sealed class PoolPrices
{
    private const int PatienceRounds = 40;

    /// <summary>Rounds, and what all of them together may look at.</summary>
    private const int Rounds = 1_000, MostWork = 120_000_000;

    /// <summary>The share of all work, in hundredths, at which they end.</summary>
    private const int MostShare = 20;

    /// <summary>How much of the direction of the round before stays.</summary>
    private const double Memory = 0.9;

    private readonly PoolChoices _choices;
    private readonly PoolTimeline _timeline;
    private readonly RoomMeasures _measures;

    /// <summary>For each pool, by time and measure: prices of all room, the best of them, by how much it is overfull, and where prices go.</summary>
    private readonly double[][] _price, _best, _over, _direction;
    private readonly double[][] _sums;

    private PoolPrices(PoolChoices choices, PoolTimeline timeline, bool rounds, PoolMeter meter)
    {
        (_choices, _timeline, _measures) = (choices, timeline, RoomMeasures.Of(choices, timeline, rounds, meter));
        double[][] Zero() => [.. Enumerable.Range(0, choices.Capacity.Length).Select(pool => new double[timeline.Count * _measures.Count(pool)])];
        (_price, _best, _over, _direction) = (Zero(), Zero(), Zero(), Zero());
        _sums = Array.ConvertAll(choices.Capacity, _ => new double[timeline.Count + 1]);
    }

    /// <summary>Seeks prices.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="timeline">Their times.</param>
    /// <param name="known">The cost of a plan that fits; only sets the length of steps.</param>
    /// <param name="rounds">True to ask prices for rounded shares too.</param>
    /// <param name="meter">Counts the work, and ends it.</param>
    public static PoolPrices Seek(PoolChoices choices, PoolTimeline timeline, long known, bool rounds, PoolMeter meter)
    {
        PoolPrices prices = new(choices, timeline, rounds, meter);
        prices.Seek(known, meter);
        return prices;
    }

    /// <summary>What room a block takes in a pool costs, by time from the block's first on; empty where it takes none that has a price.</summary>
    public double[] Of(int unit, int pool) => Of(unit, pool, _best[pool]);

    private double[] Of(int unit, int pool, double[] price)
    {
        int count = _measures.Count(pool), first = _timeline.First[unit] * count;
        double[] sizes = _measures.Sizes[unit][pool], costs = new double[sizes.Length / count];
        for (int i = 0; i < sizes.Length; i++)
            costs[i / count] += price[first + i] * sizes[i];
        return costs;
    }

    private void Seek(long known, PoolMeter meter)
    {
        double highest = double.NegativeInfinity, step = 1;
        int since = 0;
        long entries = _measures.Entries + _price.Sum(p => (long)p.Length) + _timeline.Stays.Sum(u => u.Sum(c => c.Length + 1));
        long rounds = Math.Min(Rounds, MostWork / Math.Max(entries, 1));
        for (int round = 0; round < rounds && !meter.IsPast(MostShare); round++)
        {
            meter.Add(entries);
            double bound = Relaxed();
            // No plan is cheaper: more is not asked, and prices of what cannot fit would rise without end.
            if (bound >= known)
            {
                Copy(_price, _best);
                return;
            }
            if (round == 0 || bound > highest)
            {
                since = round == 0 || bound > highest + (1e-4 * (known - highest)) ? 0 : since + 1;
                highest = bound;
                Copy(_price, _best);
            }
            else
            {
                since++;
            }
            if (since >= PatienceRounds)
            {
                step /= 2;
                since = 0;
                Copy(_best, _price);
                Relaxed();
                foreach (double[] d in _direction)
                    Array.Clear(d);
            }
            if (!Step(step * Math.Max(known - bound, 1)))
                break;
        }
    }

    private static void Copy(double[][] from, double[][] to)
    {
        for (int pool = 0; pool < from.Length; pool++)
            from[pool].CopyTo(to[pool], 0);
    }

    // The bound, and by how much each pool would be overfull at each time, in parts of its room.
    private double Relaxed()
    {
        double bound = 0;
        for (int pool = 0; pool < _price.Length; pool++)
        {
            int count = _measures.Count(pool);
            for (int i = 0; i < _price[pool].Length; i++)
            {
                bool isPriced = _measures.Room[pool][i / count] > 0;
                bound -= isPriced ? _price[pool][i] : 0;
                _over[pool][i] = isPriced ? -1 : 0;
            }
        }
        for (int u = 0; u < _timeline.Stays.Length; u++)
        {
            PoolStay[][] stays = _timeline.Stays[u];
            int first = _timeline.First[u];
            for (int pool = 0; pool < _price.Length; pool++)
            {
                double[] sizes = _measures.Sizes[u][pool], price = _price[pool], sums = _sums[pool];
                int count = _measures.Count(pool), at = first * count;
                double sum = 0;
                for (int i = 0, t = 1; i < sizes.Length; t++)
                {
                    for (int m = 0; m < count; m++, i++)
                        sum += price[at + i] * sizes[i];
                    sums[t] = sum;
                }
            }
            int chosen = 0;
            double least = double.PositiveInfinity;
            for (int c = 0; c < stays.Length; c++)
            {
                double cost = _choices.Units[u].Choices[c].Cost;
                foreach (PoolStay stay in stays[c])
                    cost += _measures.Sizes[u][stay.Pool].Length == 0 ? 0 : _sums[stay.Pool][stay.To - first] - _sums[stay.Pool][stay.From - first];
                if (cost < least)
                    (least, chosen) = (cost, c);
            }
            bound += least;
            foreach (PoolStay stay in stays[chosen])
            {
                double[] sizes = _measures.Sizes[u][stay.Pool], over = _over[stay.Pool];
                int count = _measures.Count(stay.Pool), at = first * count;
                for (int i = (stay.From - first) * count; i < (stay.To - first) * count && sizes.Length > 0; i++)
                    over[at + i] += sizes[i];
            }
        }
        return bound;
    }

    // A step in the direction of what is overfull now and, ever less, was before: so prices do not swing to and fro.
    private bool Step(double length)
    {
        double norm = 0;
        for (int pool = 0; pool < _price.Length; pool++)
        {
            (double[] price, double[] over, double[] direction) = (_price[pool], _over[pool], _direction[pool]);
            for (int i = 0; i < price.Length; i++)
            {
                double now = price[i] > 0 || over[i] > 0 ? over[i] : 0;
                direction[i] = now + (Memory * direction[i]);
                norm += direction[i] * direction[i];
            }
        }
        if (norm == 0)
            return false;
        for (int pool = 0; pool < _price.Length; pool++)
        {
            (double[] price, double[] direction) = (_price[pool], _direction[pool]);
            for (int i = 0; i < price.Length; i++)
                price[i] = Math.Max(0, price[i] + (length / norm * direction[i]));
        }
        return true;
    }
}
