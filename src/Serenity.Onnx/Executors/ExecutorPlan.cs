using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;
using Serenity.Planning;

namespace Serenity.Onnx.Executors;

/// <summary>A plan of a model for one executor: what is written, and all that is stated of it.</summary>
internal abstract record ExecutorPlan
{
    /// <summary>The graph that it began from.</summary>
    public required PlanStart Start { get; init; }

    /// <summary>What its outputs are compared with.</summary>
    public required ModelProto Reference { get; init; }

    /// <summary>Types of all values of <see cref="Model"/>.</summary>
    public required ShapeTable Shapes { get; init; }

    /// <summary>The rewrites in it, in the order applied.</summary>
    public required IReadOnlyList<AppliedRewrite> Rewrites { get; init; }

    /// <summary>The work of a run.</summary>
    public required WorkFacts Work { get; init; }

    /// <summary>The plan without regions in pieces, where there are any; else null.</summary>
    public ExecutorPlan? Whole { get; init; }

    /// <summary>The model that is planned, with every node in its place.</summary>
    public abstract ModelProto Model { get; }

    /// <summary>The model that is saved; <see cref="Model"/> but where the user's own file says the same.</summary>
    public virtual ModelProto Written => Model;

    /// <summary>What a run costs: on ONNX Runtime what it allocates, of an arena its size. Bytes, workspace not counted.</summary>
    public abstract long Bytes { get; }

    /// <summary>Live peak of the order.</summary>
    public abstract long LiveBytes { get; }

    /// <summary>Bytes that the live peak of no order can go under, and so no cost.</summary>
    public abstract long LowerBoundBytes { get; }

    /// <summary>The nodes in execution order; what was added only to hold the order, and Constant nodes, left out.</summary>
    public abstract IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>What a run does: a step for each of <see cref="Nodes"/>, and all buffers.</summary>
    public abstract ExecutionProgram Program { get; }

    /// <summary>Bytes during each step.</summary>
    public abstract IReadOnlyList<long> Profile { get; }

    /// <summary>What is live at the peak; null for a model without nodes.</summary>
    public abstract PeakStep? PeakStep { get; }

    /// <summary>Bytes during each step as formulas of the sizes of the inputs; null for one size of each.</summary>
    public virtual IReadOnlyList<SizeExpression>? StepFormulas => null;

    /// <summary>The memory graph that is planned, and the order of its operators; null where an executor's own is of another kind.</summary>
    public virtual (MemoryGraph Graph, int[] Order)? Ordered => null;

    /// <summary>How the memories of the device are used; null where the plan is for one.</summary>
    public virtual MemoriesFacts? Memories => null;

    /// <summary>What the order was chosen among, if for little traffic; else null.</summary>
    public virtual TrafficChoice? ForTraffic => null;

    /// <summary>True if the executor has to add partial results up in the buffer of an input.</summary>
    public virtual bool SumsInPlace => false;

    /// <summary>Nodes of whose subgraphs the memory is not planned, since sizes in them depend on the data.</summary>
    public virtual IReadOnlyList<string> UnplannedBodies => [];
}
