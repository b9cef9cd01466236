namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// Prices for room (Lagrangian relaxation of the size of the pools): a byte of a pool has a price at each time, every block takes what is cheapest for it alone, price of its room included,
/// and the price of all room there is comes off. Good prices are sought by subgradients; <see cref="PoolBound"/> begins with them.
/// </summary>
internal static class PoolPrices
{
    private const int PatienceRounds = 20;

    /// <summary>Rounds, and what all of them together may look at.</summary>
    private const int Rounds = 1_000, MostWork = 60_000_000;

    /// <summary>The share of all work, in hundredths, at which they end.</summary>
    private const int MostShare = 20;

    /// <summary>How much of the direction of the round before stays.</summary>
    private const double Memory = 0.7;

    /// <summary>Seeks prices.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="timeline">Their times.</param>
    /// <param name="known">The cost of a plan that fits; only sets the length of steps.</param>
    /// <param name="meter">Counts the work, and ends it.</param>
    /// <returns>For each pool and time the price of a byte.</returns>
    public static double[][] Seek(PoolChoices choices, PoolTimeline timeline, long known, PoolMeter meter)
    {
        double[][] best = Zero(choices, timeline), current = Zero(choices, timeline), over = Zero(choices, timeline), direction = Zero(choices, timeline);
        double highest = double.NegativeInfinity, step = 1;
        int since = 0, stays = timeline.Stays.Sum(u => u.Sum(c => c.Length + 1)) + (timeline.Count * best.Length);
        int rounds = Math.Min(Rounds, MostWork / Math.Max(stays, 1));
        long entries = stays + (best.Length * timeline.Bytes.Sum(b => (long)b.Length));
        for (int round = 0; round < rounds && !meter.IsPast(MostShare); round++)
        {
            meter.Add(entries);
            double bound = Relaxed(choices, timeline, current, over);
            // No plan is cheaper: more is not asked, and prices of what cannot fit would rise without end.
            if (bound >= known)
                return current;
            if (round == 0 || bound > highest)
            {
                since = round == 0 || bound > highest + (1e-4 * (known - highest)) ? 0 : since + 1;
                highest = bound;
                Copy(current, best);
            }
            else
            {
                since++;
            }
            if (since >= PatienceRounds)
            {
                step /= 2;
                since = 0;
                Copy(best, current);
                Relaxed(choices, timeline, current, over);
                foreach (double[] d in direction)
                    Array.Clear(d);
            }
            if (!Step(current, over, direction, step * Math.Max(known - bound, 1)))
                break;
        }
        return best;
    }

    private static void Copy(double[][] from, double[][] to)
    {
        for (int pool = 0; pool < from.Length; pool++)
            from[pool].CopyTo(to[pool], 0);
    }

    private static double[][] Zero(PoolChoices choices, PoolTimeline timeline) => Array.ConvertAll(choices.Capacity, _ => new double[timeline.Count]);

    // The bound, and by how much each pool would be overfull at each time.
    private static double Relaxed(PoolChoices choices, PoolTimeline timeline, double[][] price, double[][] over)
    {
        double bound = 0;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < timeline.Count; t++)
            {
                bound -= price[pool][t] * choices.Capacity[pool];
                over[pool][t] = -choices.Capacity[pool];
            }
        }
        double[][] sums = Array.ConvertAll(price, _ => Array.Empty<double>());
        for (int u = 0; u < timeline.Stays.Length; u++)
        {
            PoolStay[][] stays = timeline.Stays[u];
            int first = timeline.First[u];
            long[] bytes = timeline.Bytes[u];
            for (int pool = 0; pool < sums.Length; pool++)
            {
                if (sums[pool].Length <= bytes.Length)
                    sums[pool] = new double[2 * bytes.Length + 1];
                for (int t = 0; t < bytes.Length; t++)
                    sums[pool][t + 1] = sums[pool][t] + (price[pool][first + t] * bytes[t]);
            }
            int chosen = 0;
            double least = double.PositiveInfinity;
            for (int c = 0; c < stays.Length; c++)
            {
                double cost = choices.Units[u].Choices[c].Cost;
                foreach (PoolStay stay in stays[c])
                    cost += sums[stay.Pool][stay.To - first] - sums[stay.Pool][stay.From - first];
                if (cost < least)
                    (least, chosen) = (cost, c);
            }
            bound += least;
            foreach (PoolStay stay in stays[chosen])
            {
                for (int t = stay.From; t < stay.To; t++)
                    over[stay.Pool][t] += bytes[t - first];
            }
        }
        return bound;
    }

    // A step in the direction of what is overfull now and, ever less, was before: so prices do not swing to and fro.
    private static bool Step(double[][] price, double[][] over, double[][] direction, double length)
    {
        double norm = 0;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < price[pool].Length; t++)
            {
                double now = price[pool][t] > 0 || over[pool][t] > 0 ? over[pool][t] : 0;
                direction[pool][t] = now + (Memory * direction[pool][t]);
                norm += direction[pool][t] * direction[pool][t];
            }
        }
        if (norm == 0)
            return false;
        for (int pool = 0; pool < price.Length; pool++)
        {
            for (int t = 0; t < price[pool].Length; t++)
                price[pool][t] = Math.Max(0, price[pool][t] + (length / norm * direction[pool][t]));
        }
        return true;
    }
}
