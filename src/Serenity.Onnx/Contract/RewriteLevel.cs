namespace Serenity.Onnx.Contract;

/// <summary>Which rewrites may be applied.</summary>
public enum RewriteLevel
{
    /// <summary>None: only the order changes.</summary>
    None,

    /// <summary>Those that keep outputs bit for bit.</summary>
    Exact,

    /// <summary>Also those that change the order of a floating-point sum.</summary>
    All,
}
