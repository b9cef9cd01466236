namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>Whether outputs stay bit for bit.</summary>
internal enum RewriteExactness
{
    /// <summary>At every site, but none in float16, where nothing is.</summary>
    Always,

    /// <summary>At some: for integers, or for some operators.</summary>
    BySite,

    /// <summary>At none: the order of a floating-point sum changes.</summary>
    Never,
}

/// <summary>What a rewrite works on. Those of one subject may look for the same nodes.</summary>
internal enum RewriteSubject
{
    /// <summary>Outputs that need not be made.</summary>
    Outputs,

    /// <summary>Results that are computed more than once, or could be.</summary>
    Copies,

    /// <summary>Tensors that lie behind each other.</summary>
    Concats,

    /// <summary>Sums of several tensors.</summary>
    Sums,

    /// <summary>One large tensor between two operators.</summary>
    Tensors,
}

/// <summary>
/// What a rewrite says of itself. The search over sets of rewrites (<see cref="Search.RewriteCombinations"/>) knows no rewrite by name: which it tries together, and
/// which without each other, follows from this.
/// </summary>
/// <param name="Kind">Its name, as in docs/rewrites.md, in the manifest and in messages.</param>
/// <param name="Subject">What it works on.</param>
/// <param name="Exactness">Whether outputs stay bit for bit.</param>
internal sealed record RewriteDescription(string Kind, RewriteSubject Subject, RewriteExactness Exactness)
{
    /// <summary>
    /// True if it computes something again, or in more calls than one: it is not free, and gains nothing that others of its subject could not undo. It is tried in place of
    /// what may hinder in its subject, and site by site where the peak is.
    /// </summary>
    public bool RepeatsWork { get; init; }

    /// <summary>True if sites at one node differ in a number (<see cref="RewriteSite.Detail"/>), of which one can be taken. Tried only where the peak is, in the source model.</summary>
    public bool HasParameter { get; init; }

    /// <summary>True if it may raise the peak, or take away what another rewrite needs: the others are tried without it as well.</summary>
    public bool MayHinder { get; init; }

    /// <summary>True if it leaves nothing to the others of its subject wherever it applies: those are tried without it alone as well.</summary>
    public bool TakesAll { get; init; }

    /// <summary>
    /// True if what it writes states a size along an axis that it works on, so that it applies only where that size is one in every run. Any other compares sizes and hands them on, and holds
    /// at all sizes of a range (<see cref="RewriteGraph.TypeOf"/>).
    /// </summary>
    public bool StatesSizes { get; init; }

    /// <summary>True if an operator that makes a tensor does what another did with it: there are fewer operators and tensors, in pieces too.</summary>
    public bool JoinsOperators { get; init; }

    /// <summary>True if it ends a concat's way: an operator that reads the whole reads its parts one by one.</summary>
    public bool EndsConcat { get; init; }
}
