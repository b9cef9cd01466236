namespace Serenity.Onnx.Contract;

/// <summary>Who runs the model, and so decides what a schedule costs.</summary>
public enum Executor
{
    /// <summary>ONNX Runtime's CPU provider, with its own order and allocation rules.</summary>
    OnnxRuntime,

    /// <summary>One pre-planned block with an offset per tensor; concat is a view, accumulation is in place.</summary>
    StaticArena,
}
