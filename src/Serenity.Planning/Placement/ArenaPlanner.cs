using System.Numerics;

namespace Serenity.Planning.Placement;

/// <summary>Assigns offsets in one arena, at the proven lower bound where it can.</summary>
/// <remarks>
/// Greedy placements come first; where none is at the bound, a search is made for a placement within exactly the bound (see
/// <see cref="PackingSearch"/>), so that a hit is its own proof. A capacity that is refuted raises the bound. One that the search
/// cannot decide within its limit makes the arena grow, by bisection between the bound and the best placement known.
/// </remarks>
public static class ArenaPlanner
{
    /// <summary>Places all buffers.</summary>
    /// <param name="problem">Buffers and links.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="ArgumentException">A buffer, a link or the alignment is not valid, or links contradict each other.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ArenaPlan Place(ArenaProblem problem, ArenaOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        cancellation.ThrowIfCancellationRequested();
        options ??= ArenaOptions.Default;
        RigidBlocks blocks = new(problem);
        ArenaSizes sizes = new(blocks);
        Attempt attempt = new(blocks, sizes, options, sizes.AtLeast(LiveBound.Compute(blocks)), cancellation);
        attempt.Greedy();
        if (!attempt.IsDone && attempt.AtTheBound())
            attempt.Grow();
        return new ArenaPlan(attempt.Offsets, attempt.Size, attempt.Bound, attempt.States);
    }

    /// <summary>The best placement so far and the bound proven so far.</summary>
    private sealed class Attempt(RigidBlocks blocks, ArenaSizes sizes, ArenaOptions options, long bound, CancellationToken cancellation)
    {
        private const long ShortestRun = 1000;
        private SectionModel? _model;
        private int[][] _orders = [];

        public long[] Offsets { get; private set; } = [];

        public long Size { get; private set; } = long.MaxValue;

        public long Bound { get; private set; } = bound;

        public long States { get; private set; }

        public bool IsDone => Size <= Enough;

        private long Enough => Math.Max(Bound, options.Capacity ?? 0);

        public void Greedy()
        {
            GreedyPlacer placer = new(blocks);
            foreach (int[] order in GreedyPlacer.Orders(blocks))
            {
                cancellation.ThrowIfCancellationRequested();
                placer.Place(order);
                Offer(placer.Offsets.ToArray());
                if (IsDone || !options.Greedy)
                    break;
            }
        }

        /// <summary>Searches at the bound, and above it as long as it is refuted. True if the arena has to grow unproven.</summary>
        public bool AtTheBound()
        {
            _model = new SectionModel(blocks);
            _orders = PackingOrders.All(_model);
            while (!IsDone)
            {
                switch (Search(Enough, options.StateLimit / 3 - States))
                {
                    case PackingOutcome.Limit:
                        return true;
                    case PackingOutcome.Refuted when !_model.OnGrid:
                        // Off the grid a refutation is no proof: a linked buffer may lie in what alignment leaves empty.
                        return true;
                    case PackingOutcome.Refuted:
                        Bound = sizes.AtLeast(Enough + 1);
                        break;
                }
            }
            return false;
        }

        /// <summary>Bisects between the bound and the best placement, with a share of the limit for each capacity. Less than the alignment is not worth it.</summary>
        public void Grow()
        {
            long low = Enough;
            long share = Math.Max((options.StateLimit - States) / 10, ShortestRun);
            while (States < options.StateLimit && Size - low > Math.Max(Math.Max(sizes.Grain, blocks.Problem.Alignment), low / 4096))
            {
                long middle = low + (Size - low) / 2;
                if (Search(middle, Math.Min(share, options.StateLimit - States)) != PackingOutcome.Found)
                    low = middle;
            }
        }

        /// <summary>
        /// Runs the orders in round robin under limits that follow Luby's sequence (1 1 2 1 1 2 4 ...): most runs are short, since those
        /// that succeed succeed early, and none is shut out. Weights and dead states are kept from run to run.
        /// </summary>
        private PackingOutcome Search(long capacity, long limit)
        {
            PackingSearch search = new(_model!, options.Techniques, capacity);
            long unit = Math.Max(ShortestRun, _model!.Count * (2 + _model.SectionCount / 1024L));
            PackingOutcome outcome = PackingOutcome.Limit;
            for (int turn = 0; search.States < limit && outcome == PackingOutcome.Limit; turn++)
            {
                long states = Math.Min(unit * Luby(turn / _orders.Length + 1), limit - search.States);
                outcome = search.Run(_orders[turn % _orders.Length], states, cancellation);
            }
            States += search.States;
            if (outcome == PackingOutcome.Found)
                Offer(OffsetsOf(search));
            return outcome;
        }

        private static long Luby(long turn)
        {
            int bits = BitOperations.Log2((ulong)turn) + 1;
            return turn == (1L << bits) - 1 ? 1L << (bits - 1) : Luby(turn - (1L << (bits - 1)) + 1);
        }

        private long[] OffsetsOf(PackingSearch search)
        {
            long[] bases = new long[blocks.Count];
            for (int k = 0; k < bases.Length; k++)
                bases[k] = blocks.AlignBase(k, 0);
            for (int i = 0; i < _model!.Count; i++)
                bases[_model.Block[i]] = search.Offsets[i] - blocks.Distance[_model.Buffer[i]];
            return blocks.Offsets(bases);
        }

        private void Offer(long[] offsets)
        {
            long size = 0;
            for (int i = 0; i < offsets.Length; i++)
                size = Math.Max(size, offsets[i] + blocks.Problem.Buffers[i].Bytes);
            if (size >= Size)
                return;
            Size = size;
            Offsets = offsets;
        }
    }
}
