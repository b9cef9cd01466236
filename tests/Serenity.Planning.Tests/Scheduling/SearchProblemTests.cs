using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Every restatement of a problem costs the same, step by step, for any schedule.</summary>
[TestClass]
public sealed class SearchProblemTests
{
    private static readonly int[] _seeds = [.. Enumerable.Range(4000, 300)];

    [TestMethod]
    public void Steps_cost_what_the_definition_says()
    {
        foreach (int seed in _seeds)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (seed % 20));
            SearchProblem problem = SearchProblem.From(graph);
            int[] order = RandomOrder(problem, seed);
            CollectionAssert.AreEqual(LiveProfile.Compute(graph, order), Costs(problem, order), $"seed {seed}");
        }
    }

    [TestMethod]
    public void Handing_over_changes_no_step()
    {
        foreach (int seed in _seeds)
        {
            SearchProblem problem = SearchProblem.From(RandomMemoryGraph.Create(seed, 3 + (seed % 20)));
            SearchProblem restated = HandOver.Apply(problem);
            int[] order = RandomOrder(problem, seed);
            CollectionAssert.AreEqual(Costs(problem, order), Costs(restated, order), $"seed {seed}");
            Assert.AreEqual(problem.LiveAtStart, restated.LiveAtStart);
        }
    }

    [TestMethod]
    public void Backwards_each_step_costs_the_same()
    {
        foreach (int seed in _seeds)
        {
            SearchProblem problem = HandOver.Apply(SearchProblem.From(RandomMemoryGraph.Create(seed, 3 + (seed % 20))));
            int[] order = RandomOrder(problem, seed);
            long[] forwards = Costs(problem, order);
            Array.Reverse(order);
            long[] backwards = Costs(problem.Reversed(), order);
            Array.Reverse(backwards);
            CollectionAssert.AreEqual(forwards, backwards, $"seed {seed}");
        }
    }

    [TestMethod]
    public void Parts_cost_what_they_cost_in_the_whole()
    {
        foreach (int seed in _seeds)
        {
            SearchProblem problem = SearchProblem.From(RandomMemoryGraph.Create(seed, 6 + (seed % 20)));
            int[] order = RandomOrder(problem, seed), partOf = new int[order.Length];
            for (int i = 0; i < order.Length; i++)
                partOf[order[i]] = i * 3 / order.Length;
            long[] whole = Costs(problem, order);
            List<long> pieces = [];
            foreach (SearchProblem part in ProblemSplitter.Split(problem, partOf, 3))
            {
                int[] local = new int[problem.OpCount];
                for (int i = 0; i < part.OpCount; i++)
                    local[part.Original[i]] = i;
                int index = pieces.Count;
                int[] own = [.. order.Skip(index).Take(part.OpCount).Select(op => local[op])];
                pieces.AddRange(Costs(part, own));
            }
            CollectionAssert.AreEqual(whole, pieces.ToArray(), $"seed {seed}");
        }
    }

    [TestMethod]
    public void Taking_back_restores_the_state()
    {
        foreach (int seed in _seeds)
        {
            SearchProblem problem = SearchProblem.From(RandomMemoryGraph.Create(seed, 12));
            SearchState state = new(problem);
            int[] order = RandomOrder(problem, seed);
            List<(long Live, ulong Hash, int Ready)> before = [];
            foreach (int op in order)
            {
                before.Add((state.Live, state.Hash, state.ReadyCount));
                state.Run(op);
                Assert.AreEqual(SearchState.HashOf(state.Done), state.Hash);
            }
            for (int i = order.Length - 1; i >= 0; i--)
            {
                state.TakeBack(order[i]);
                Assert.AreEqual(before[i], (state.Live, state.Hash, state.ReadyCount));
            }
        }
    }

    internal static int[] RandomOrder(SearchProblem problem, int seed)
    {
        Random random = new(seed);
        SearchState state = new(problem);
        int[] order = new int[problem.OpCount];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = state.Ready(random.Next(state.ReadyCount));
            state.Run(order[i]);
        }
        return order;
    }

    internal static long[] Costs(SearchProblem problem, int[] order)
    {
        SearchState state = new(problem);
        long[] costs = new long[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            state.Evaluate(order[i], out costs[i], out long change);
            long live = state.Live;
            state.Run(order[i]);
            Assert.AreEqual(live + change, state.Live);
        }
        return costs;
    }
}
