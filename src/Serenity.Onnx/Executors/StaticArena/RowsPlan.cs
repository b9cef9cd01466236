using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;

namespace Serenity.Onnx.Executors.StaticArena;

/// <summary>A model with parts of it row by row, laid out when that is asked for.</summary>
internal sealed class RowsPlan
{
    private readonly Lazy<StaticArenaPlan> _arena, _inMemories;

    /// <summary>Prepares the plan.</summary>
    /// <param name="cost">The model in the order of its rows.</param>
    /// <param name="rows">What is worked on row by row.</param>
    /// <param name="isExact">True if all of it rounds as the whole does.</param>
    /// <param name="task">What is asked.</param>
    public RowsPlan(RewriteCost cost, PartitionedModel rows, bool isExact, ArenaTask task)
    {
        (Cost, Rows, IsExact) = (cost, rows, isExact);
        _arena = new(() => StaticArenaCost.Plan(cost, task));
        _inMemories = new(() => StaticArenaCost.InMemories(cost, Arena, task));
    }

    /// <summary>The model in the order of its rows.</summary>
    public RewriteCost Cost { get; }

    /// <summary>What is worked on row by row.</summary>
    public PartitionedModel Rows { get; }

    /// <summary>True if all of it rounds as the whole does.</summary>
    public bool IsExact { get; }

    /// <summary>Its one arena.</summary>
    public StaticArenaPlan Arena => _arena.Value;

    /// <summary>Its plan in the memories of the device; the one arena where none are given.</summary>
    public StaticArenaPlan InMemories => _inMemories.Value;
}
