using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Planning.Placement;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>Lays a scheduled model out in one arena.</summary>
internal static class StaticArenaPlanner
{
    /// <summary>Limits for a build: a few seconds at worst, when a model of many small values, or of values tied to others, nearly fits.</summary>
    public static ArenaOptions BuildLimits { get; } = ArenaOptions.Default with { StateLimit = 300_000 };

    /// <summary>Limits for what is only compared with.</summary>
    private static ArenaOptions BaselineLimits { get; } = ArenaOptions.Default with { StateLimit = 100_000 };

    /// <summary>
    /// States that laying the parts of concats behind each other is worth; where it costs nothing, a greedy placement or a hundred states show it.
    /// In a long network a state with many tied parts takes a tenth of a millisecond and more.
    /// </summary>
    private const long TyingStates = 4_000;

    /// <summary>The least arena found for an order that is only compared with: no part of a concat need lie behind another.</summary>
    /// <inheritdoc cref="Plan"/>
    public static ModelCost Baseline(
        StaticArenaGraph graph, IReadOnlyList<int> order, int alignment = 16, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(order);
        int[] steps = [.. order];
        ArenaLayout layout = new(graph, steps, alignment, tieAll: false);
        ArenaPlan placement = ArenaPlanner.Place(layout.Problem, BaselineLimits, cancellation);
        long[] profile = LiveProfile.Compute(graph.Graph, steps);
        PlacedProgram placed = new(graph, steps, layout, placement);
        return new ModelCost(placement.SizeBytes, profile, placed.PeakStep(profile, placed.Program()));
    }

    /// <summary>Assigns offsets. The parts of concats are laid behind each other wherever that costs nothing.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="order">All operators, in execution order.</param>
    /// <param name="alignment">Alignment of offsets in bytes; a power of two.</param>
    /// <param name="options">Limits of the placement search, or null for <see cref="BuildLimits"/>.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    public static StaticArenaPlan Plan(
        StaticArenaGraph graph, IReadOnlyList<int> order, int alignment = 16, ArenaOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(order);
        int[] steps = [.. order];
        long[] profile = LiveProfile.Compute(graph.Graph, steps);
        options ??= BuildLimits;
        ArenaLayout layout = new(graph, steps, alignment, tieAll: true);
        bool mayLoosen = layout.Contiguous.Count > graph.OutputViews.Count;
        // Tying is a courtesy: it gets a small share of the search. The live peak is what no placement goes under.
        ArenaPlan placement = ArenaPlanner.Place(
            layout.Problem, mayLoosen ? options with { StateLimit = Math.Min(options.StateLimit / 8, TyingStates) } : options, cancellation);
        if (mayLoosen && placement.SizeBytes > profile.Max())
        {
            ArenaLayout loose = new(graph, steps, alignment, tieAll: false);
            ArenaPlan other = ArenaPlanner.Place(loose.Problem, options, cancellation);
            if (other.SizeBytes < placement.SizeBytes)
                (layout, placement) = (loose, other);
        }
        PlacedProgram placed = new(graph, steps, layout, placement);
        ExecutionProgram program = placed.Program();
        return new StaticArenaPlan(graph.OrderOf(steps), profile, LiveProfile.Peak(graph.Graph, steps), placement, program, placed.PeakStep(profile, program))
        {
            Graph = graph.Graph,
            Operators = steps,
        };
    }
}
