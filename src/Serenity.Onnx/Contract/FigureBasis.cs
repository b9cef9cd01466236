namespace Serenity.Onnx.Contract;

/// <summary>How a figure came about.</summary>
public enum FigureBasis
{
    /// <summary>Worked out ahead of any run, to the byte; verification held it against one.</summary>
    Planned,

    /// <summary>A run took it.</summary>
    Measured,

    /// <summary>Worked out: a run takes at most that.</summary>
    Bound,

    /// <summary>Taken from what like models took; may be off either way.</summary>
    Estimated,

    /// <summary>Measured elsewhere, and counted by rule for what takes other amounts here; where nothing was measured, by rule alone, for the kernels that have one.</summary>
    ByRule,

    /// <summary>There is no figure.</summary>
    Unknown,
}
