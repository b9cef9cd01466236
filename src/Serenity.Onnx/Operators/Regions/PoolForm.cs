namespace Serenity.Onnx.Operators.Regions;

/// <summary>What a pool makes of a window.</summary>
internal enum PoolForm
{
    /// <summary>Its largest element.</summary>
    Largest,

    /// <summary>The mean of its elements.</summary>
    Average,

    /// <summary>A norm of them.</summary>
    Norm,
}
