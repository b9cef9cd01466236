using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>What is known against rewrites, for a plan without those at fault.</summary>
internal sealed record RewriteRestriction
{
    /// <summary>Nothing is known.</summary>
    public static RewriteRestriction None { get; } = new();

    /// <summary>Names of nodes at which only exact rewrites may be applied.</summary>
    public IReadOnlySet<string> LeftOut { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Besides <see cref="Only"/>, these regions are run in pieces, and no others.</summary>
    public IReadOnlyList<PieceChoice> Pieces { get; init; } = [];

    /// <summary>Names of nodes that no region in pieces may have.</summary>
    public IReadOnlySet<string> KeptWhole { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>These are carried out, and no others, whatever that saves: to find out what is wrong with them. Null to search.</summary>
    public IReadOnlyList<AppliedRewrite>? Only { get; init; }
}
