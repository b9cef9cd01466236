using Serenity.Build.Budgets;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Options;

/// <summary>What models are held to on a command line.</summary>
/// <param name="Budgets">Budgets; null if none was given.</param>
/// <param name="WarnAt">From which part of them on there is a warning, in percent; null for never.</param>
/// <param name="BaselinePath">Absolute path of the baseline; null for none.</param>
/// <param name="Tolerance">How far above it a model may be.</param>
/// <param name="Needed">True if a model that is held to nothing has no answer.</param>
internal sealed record Limits(MemoryBudgets? Budgets, double? WarnAt, string? BaselinePath, Tolerance Tolerance, bool Needed)
{
    /// <summary>Nothing.</summary>
    public static Limits None { get; } = new(null, null, null, Tolerance.None, false);

    /// <summary>Memories of a device, each a budget of its own; null if none were given.</summary>
    public IReadOnlyList<DeviceMemory>? Memories { get; init; }

    /// <summary>True if a baseline is updated with what the models need: nothing is held to one then.</summary>
    public bool Updates { get; init; }

    /// <summary>True if a model is held to something.</summary>
    public bool Any => Budgets is not null || BaselinePath is not null || Memories is not null;

    /// <summary>How the baseline is updated, as words behind "run".</summary>
    public static string Update => "the same command with --update-baseline";
}
