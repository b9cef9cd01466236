using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Minimum cuts and what rests on them, against going through all down-sets.</summary>
[TestClass]
public sealed class CutTests
{
    [TestMethod]
    public void The_cut_is_the_least_live_down_set()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            SearchProblem problem = SearchProblem.From(RandomMemoryGraph.Create(seed, 4 + (seed % 7)));
            int n = problem.OpCount;
            int[] all = [.. Enumerable.Range(0, n)];
            bool[] chosen = new bool[n];
            long change = new LeastLiveCut(problem).Solve(new ulong[1], all, null, chosen);
            ulong picked = 0, largest = 0;
            for (int op = 0; op < n; op++)
                picked |= chosen[op] ? 1UL << op : 0;
            long least = long.MaxValue;
            foreach ((ulong set, long live) in DownSets(problem))
            {
                if (live < least)
                    (least, largest) = (live, 0);
                if (live == least)
                    largest |= set;
            }
            Assert.AreEqual(least, problem.LiveAtStart + change, $"seed {seed}");
            Assert.AreEqual(largest, picked, $"seed {seed}");
        }
    }

    [TestMethod]
    public void The_root_bound_is_no_more_than_the_optimum()
    {
        int tight = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 4 + (seed % 9));
            SearchProblem problem = SearchProblem.From(graph);
            int[] order = SearchProblemTests.RandomOrder(problem, seed);
            long least = BruteForce.LeastPeak(graph)!.Value;
            long bound = new RootBound(problem).Find(order, LiveProfile.Peak(graph, order), long.MaxValue, long.MaxValue, CancellationToken.None);
            Assert.IsLessThanOrEqualTo(least, bound, $"seed {seed}");
            tight += bound == least ? 1 : 0;
        }
        Assert.IsGreaterThan(200, tight);
    }

    [TestMethod]
    public void Separators_are_the_operators_comparable_with_all_others()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (seed % 15));
            SearchProblem problem = SearchProblem.From(graph);
            int[] partOf = Separators.Divide(problem, out int parts);
            bool[] separators = new bool[parts];
            Array.Fill(separators, true);
            for (int op = 0; op < problem.OpCount; op++)
                separators[partOf[op]] &= Reachable(graph, op, true) + Reachable(graph, op, false) == problem.OpCount - 1;
            for (int a = 0; a < problem.OpCount; a++)
            {
                bool comparable = Reachable(graph, a, true) + Reachable(graph, a, false) == problem.OpCount - 1;
                Assert.AreEqual(comparable, separators[partOf[a]], $"seed {seed}, operator {a}");
                for (int b = 0; b < problem.OpCount; b++)
                {
                    if (partOf[b] > partOf[a])
                        Assert.IsTrue(IsBefore(graph, a, b), $"seed {seed}, {a} before {b}");
                }
            }
        }
    }

    [TestMethod]
    public void The_calm_order_is_no_dearer_and_less_live()
    {
        int calmer = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 20);
            SearchProblem problem = SearchProblem.From(graph);
            int[] order = SearchProblemTests.RandomOrder(problem, seed);
            long peak = LiveProfile.Peak(graph, order), area = LiveAfterSteps(problem, order);
            CalmOrder.Improve(problem, order, peak, CancellationToken.None);
            Assert.IsLessThanOrEqualTo(peak, LiveProfile.Peak(graph, order));
            long after = LiveAfterSteps(problem, order);
            Assert.IsLessThanOrEqualTo(area, after);
            calmer += after < area ? 1 : 0;
        }
        Assert.IsGreaterThan(100, calmer);
    }

    private static long LiveAfterSteps(SearchProblem problem, int[] order)
    {
        SearchState state = new(problem);
        long sum = 0;
        foreach (int op in order)
        {
            state.Run(op);
            sum += state.Live;
        }
        return sum;
    }

    private static Dictionary<ulong, long> DownSets(SearchProblem problem)
    {
        Dictionary<ulong, long> seen = [];
        Visit(new SearchState(problem));
        return seen;

        void Visit(SearchState state)
        {
            if (!seen.TryAdd(state.Done[0], state.Live))
                return;
            int[] ready = [.. Enumerable.Range(0, state.ReadyCount).Select(state.Ready)];
            foreach (int op in ready)
            {
                state.Run(op);
                Visit(state);
                state.TakeBack(op);
            }
        }
    }

    private static bool IsBefore(MemoryGraph graph, int a, int b) => Collect(graph, a, true).Contains(b);

    private static int Reachable(MemoryGraph graph, int op, bool forward) => Collect(graph, op, forward).Count;

    private static HashSet<int> Collect(MemoryGraph graph, int op, bool forward)
    {
        HashSet<int> seen = [];
        Stack<int> stack = new([op]);
        while (stack.TryPop(out int at))
        {
            foreach (int next in forward ? graph.Successors(at) : graph.Predecessors(at))
            {
                if (seen.Add(next))
                    stack.Push(next);
            }
        }
        return seen;
    }
}
