using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>A model with regions in pieces.</summary>
/// <param name="Model">The model; weights are shared with the one it was made of.</param>
/// <param name="Shapes">Types of all its values.</param>
/// <param name="Order">Names of its nodes, Constant nodes left out, in the order of the schedule that was cut: piece after piece.</param>
/// <param name="Regions">The regions, in the order of the schedule.</param>
internal sealed record PartitionedModel(ModelProto Model, ShapeTable Shapes, IReadOnlyList<string> Order, IReadOnlyList<PartitionedRegion> Regions)
{
    /// <summary>Nodes and values that are pieces, by name, with what they are pieces of in the model that was cut first; null for slices and joins.</summary>
    public IReadOnlyDictionary<string, string?> Origins { get; init; } = new Dictionary<string, string?>();

    /// <summary>Lengths of pieces along axes whose size has a range.</summary>
    public IReadOnlySet<SizeExpression> OpenLengths { get; init; } = new HashSet<SizeExpression>();

    /// <summary>Live bytes of that order.</summary>
    public long PeakBytes { get; init; }

    /// <summary>The same with the scratch of kernels.</summary>
    public long RequiredBytes { get; init; }

    /// <summary>The same before pieces were cut again.</summary>
    public long RequiredAtFirst { get; init; }

    /// <summary>Live bytes before pieces were cut again.</summary>
    public long PeakAtFirst { get; init; }

    /// <summary>Predicted time added, in nanoseconds.</summary>
    public double Added { get; init; }
}

/// <summary>A region that was cut.</summary>
/// <param name="Nodes">Names of its nodes.</param>
/// <param name="Pieces">Into how many pieces.</param>
/// <param name="Value">A value at its end.</param>
/// <param name="Axis">The axis of it that was cut.</param>
/// <param name="Added">Predicted time added, in nanoseconds.</param>
internal sealed record PartitionedRegion(IReadOnlyList<string> Nodes, int Pieces, string Value, int Axis, double Added)
{
    /// <summary>By how much the live peak fell by it, in the order of the schedule.</summary>
    public long SavedBytes { get; init; }
}
