namespace Serenity.Onnx.Contract;

/// <summary>Where the pipeline is, in its order; for whoever waits for a large model.</summary>
public enum PipelineStage
{
    /// <summary>Reading the model, finding shapes.</summary>
    Load,

    /// <summary>Finding out what the source model costs as it is executed today.</summary>
    MeasureOriginal,

    /// <summary>Applying ONNX Runtime's fusions ahead of time.</summary>
    Fuse,

    /// <summary>Trying rewrites and searching the best order of each.</summary>
    Search,

    /// <summary>Assigning offsets, or pinning the order.</summary>
    Place,

    /// <summary>Running original and optimized and comparing them.</summary>
    Verify,
}
