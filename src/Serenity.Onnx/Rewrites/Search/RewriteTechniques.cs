namespace Serenity.Onnx.Rewrites.Search;

/// <summary>What makes the search over sets of rewrites fast. Each is a switch; none changes what a set costs, unless a limit strikes. Tests run with and without.</summary>
[Flags]
internal enum RewriteTechniques
{
    /// <summary>None: each set is costed in full.</summary>
    None = 0,

    /// <summary>Where only a peak to reach counts, a set is costed no further than that is decided.</summary>
    Goals = 1,

    /// <summary>A set that was costed is not costed again.</summary>
    RememberSets = 2,

    /// <summary>What was found out about the parts of one candidate's memory graph is used for the others.</summary>
    SolvedSegments = 4,

    /// <summary>ONNX Runtime is not asked what it knows of a candidate's shapes where it knew all of the source model's.</summary>
    KnownShapes = 8,

    /// <summary>A schedule with accumulation groups in free order that meets its bound is not solved again as a chain. Of several orders of
    /// the same live peak it may be another one, so that the simulated peak may be another as well.</summary>
    FreeOrder = 16,

    /// <summary>A candidate is not written to be costed where its rules tell what that would come to (<see cref="Executors.OnnxRuntime.Planning.PeakEstimate"/>). ONNX Runtime may
    /// infer a shape that by the rules it does not; the plan that is written shows it.</summary>
    Estimates = 32,

    /// <summary>Pieces are not costed where a bound tells that they come to too much or take too long.</summary>
    PieceBounds = 64,

    /// <summary>Numbers of pieces are not costed where fewer pieces tell how far these bring the peak down. Where pieces are ragged that may be a little more than is foretold.</summary>
    PieceTrends = 128,

    /// <summary>All of them.</summary>
    All = 255,
}
