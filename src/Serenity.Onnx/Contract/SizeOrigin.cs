namespace Serenity.Onnx.Contract;

/// <summary>Where the size of a value comes from that ONNX Runtime infers none for.</summary>
public enum SizeOrigin
{
    /// <summary>An operator's rule: no run gives more.</summary>
    Rule,

    /// <summary>The item's <c>Bounds</c>: a run that gives more is an error.</summary>
    Stated,

    /// <summary>The shape that the file declares: a run that gives another is an error.</summary>
    Declared,

    /// <summary>Another stage knew it already.</summary>
    Known,
}
