namespace Serenity.Onnx.Operators;

/// <summary>Whether an operator draws random numbers, and so depends on how many were drawn before.</summary>
internal enum Randomness
{
    /// <summary>It draws none.</summary>
    None,

    /// <summary>It draws some; an attribute <c>seed</c> makes it repeat itself in a new session.</summary>
    Seedable,

    /// <summary>The same, but only in training (<see cref="DropoutMode"/>).</summary>
    InTraining,

    /// <summary>It always draws some.</summary>
    Always,
}
