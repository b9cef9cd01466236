using System.Diagnostics;
using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Build.Budgets;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Placement.Pools;
using Serenity.Planning.Scheduling;

namespace Serenity.Benchmarks.Pools;

/// <summary>
/// Models on boards with several memories: the cost of accesses, its bound, time, and the cost of what others do. Exit code 1 where a plan does not hold, takes more than five seconds,
/// is more than a hundredth above its bound, or costs more than another's.
/// </summary>
internal static class PoolBenchmark
{
    private static readonly string[] _boards = ["stm32h743i-eval", "stm32f746g-disco", "esp32-s3-wroom-1-n8r8", "imxrt1060-evk"];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">
    /// Models; <c>--memories=NAME=SIZE@COST;…</c>, once or more, for boards of one's own in place of the four; <c>--share=PERCENT</c>, once or more, for boards whose cheap memory is a part of
    /// the live peak; <c>--work=FACTOR</c> for as much work as that many plans.
    /// </param>
    public static int Run(string[] args)
    {
        string[] own = Values(args, "--memories=");
        int[] shares = [.. Values(args, "--share=").Select(share => int.Parse(share, NumberStyles.None, CultureInfo.InvariantCulture))];
        PoolOptions options = Values(args, "--work=") is [var factor] ? Times(int.Parse(factor, NumberStyles.None, CultureInfo.InvariantCulture)) : PoolOptions.Default;
        (string Name, IReadOnlyList<DeviceMemory> Memories)[] boards = own.Length + shares.Length > 0
            ? [.. own.Select((memories, i) => ($"own {i + 1}", (IReadOnlyList<DeviceMemory>)new MemoriesSyntax().Parse(memories)))]
            : [.. _boards.Select(name => (name, DeviceCatalog.Find(name)!.Memories))];
        IReadOnlyList<string> paths = ModelArguments.Expand(args);
        if (paths.Count == 0)
            throw new ArgumentException("there are no models: the shared test data is not beside the repository, so name models, or a folder of them");
        Console.WriteLine("| model | board | live peak | buffers | cost | bound | moves | states | ms | density | USMP |");
        Console.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        Tally tally = new();
        foreach (string path in paths)
        {
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                SourceModel source = SourceModel.Prepare(model.File, new OptimizeRequest { ModelPath = path, FreeDimensions = model.FreeDimensions }, CancellationToken.None);
                StaticArenaGraph graph = StaticArenaGraph.Build(source.Model, source.Shapes, null, path);
                int[] order = Scheduler.Solve(graph.Graph, new ScheduleOptions { StateLimit = 20_000 }).Order;
                ArenaLayout layout = new(graph, order, 16, tieAll: false);
                long peak = LiveProfile.Peak(graph.Graph, order);
                foreach ((string board, IReadOnlyList<DeviceMemory> memories) in boards)
                    Measure(model.Name, board, peak, PooledPlanner.ProblemOf(graph, order, layout, memories).Problem, options, tally);
                foreach (int share in shares)
                {
                    DeviceMemory[] two = [new("FAST", Math.Max(1, peak / 100 * share), 1), new("SLOW", peak * 4, 6)];
                    Measure(model.Name, $"{share} % and the rest", peak, PooledPlanner.ProblemOf(graph, order, layout, two).Problem, options, tally);
                }
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} |");
            }
        }
        return tally.Report();
    }

    private static string[] Values(string[] args, string name) => [.. args.Where(a => a.StartsWith(name, StringComparison.Ordinal)).Select(a => a[name.Length..])];

    private static PoolOptions Times(int factor) => PoolOptions.Default with
    {
        Width = PoolOptions.Default.Width * factor,
        StatesTogether = PoolOptions.Default.StatesTogether * factor,
        BoundWork = PoolOptions.Default.BoundWork * factor,
        Work = PoolOptions.Default.Work * factor,
    };

    private static void Measure(string model, string board, long peak, PoolProblem problem, PoolOptions options, Tally tally)
    {
        // Compiled code: the first run is for the compiler.
        if (tally.Plans == 0)
            PoolPlanner.Place(problem, options);
        Stopwatch watch = Stopwatch.StartNew();
        PoolPlan plan = PoolPlanner.Place(problem, options);
        watch.Stop();
        PoolPlan?[] usmp = [PoolBaselines.Usmp(problem, false), PoolBaselines.Usmp(problem, true)];
        PoolPlan? density = PoolBaselines.ByAccessDensity(problem), best = usmp.OfType<PoolPlan>().MinBy(p => p.Cost);
        bool exceeds = peak > problem.Pools.MinBy(p => p.AccessCost).Bytes;
        string? fault = PoolValidator.FindFault(problem, plan);
        // Others keep no parts of outputs behind each other, so they are not held against that.
        foreach (PoolPlan other in ((PoolPlan?[])[density, .. usmp]).OfType<PoolPlan>())
            fault ??= PoolValidator.FindFault(problem with { Links = [] }, other);
        // A plan that lays parts of an output apart is cheaper, and no plan of this problem.
        bool isBeaten = ((PoolPlan?[])[density, .. usmp]).Any(other => other is not null && other.Cost < plan.Cost && PoolValidator.FindFault(problem, other) is null);
        tally.Add(plan, exceeds, watch.Elapsed, density, best, isBeaten, fault is null);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {model} | {board} | {peak:N0} | {problem.Buffers.Length} | {plan.Cost / 1000:N0} | {Bound(plan)} | {plan.Places.Count(p => p.Move is not null)} | {plan.States} | {watch.Elapsed.TotalMilliseconds:F0} | {Ratio(plan, density)} | {Ratio(plan, best)} |{(fault is null ? "" : " " + fault)}"));
    }

    private static string Bound(PoolPlan plan) => !plan.Fits ? "does not fit" : plan.IsOptimal ? "proven"
        : string.Create(CultureInfo.InvariantCulture, $"{100.0 * (plan.Cost - plan.LowerBoundCost) / plan.LowerBoundCost:F2} % above");

    private static string Ratio(PoolPlan plan, PoolPlan? other) => other is null ? "none" : ((double)plan.Cost / other.Cost).ToString("F3", CultureInfo.InvariantCulture);

    private sealed class Tally
    {
        private readonly List<double> _density = [], _usmp = [];
        private int _proven, _within, _above, _slow, _broken, _unfit;
        private double _longest, _largestGap;

        public int Plans { get; private set; }

        public void Add(PoolPlan plan, bool exceeds, TimeSpan time, PoolPlan? density, PoolPlan? usmp, bool isBeaten, bool holds)
        {
            Plans++;
            _longest = Math.Max(_longest, time.TotalSeconds);
            _slow += time.TotalSeconds > 5 ? 1 : 0;
            _broken += holds ? 0 : 1;
            if (!plan.Fits)
            {
                _unfit++;
                return;
            }
            double gap = (double)(plan.Cost - plan.LowerBoundCost) / Math.Max(plan.LowerBoundCost, 1);
            _proven += plan.IsOptimal ? 1 : 0;
            _within += !plan.IsOptimal && gap <= 0.01 ? 1 : 0;
            _largestGap = Math.Max(_largestGap, gap);
            _above += isBeaten ? 1 : 0;
            if (!exceeds)
                return;
            if (density is not null)
                _density.Add((double)plan.Cost / density.Cost);
            if (usmp is not null)
                _usmp.Add((double)plan.Cost / usmp.Cost);
        }

        public int Report()
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Plans} plans: {_proven} proven, {_within} within 1 %, {Plans - _proven - _within - _unfit} further (largest gap {100 * _largestGap:F2} %), {_unfit} do not fit, {_broken} do not hold; longest {_longest:F2} s, {_slow} above 5 s; above another's cost {_above}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"where the live peak exceeds the cheapest memory: {Mean(_density):F3} of the cost by access density ({_density.Count}), {Mean(_usmp):F3} of USMP's ({_usmp.Count})"));
            return _broken + _slow + _above > 0 || Plans > _proven + _within + _unfit ? 1 : 0;
        }

        private static double Mean(List<double> ratios) => ratios.Count == 0 ? 1 : Math.Exp(ratios.Average(Math.Log));
    }
}
