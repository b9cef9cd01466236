using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// Finds the nodes of which pieces do not do what was planned, and plans with these alone kept whole: all others may be in pieces still. Halves of the regions are carried out until those at fault
/// are left; of each, its last nodes, more and more of them, until one is at fault.
/// </summary>
/// <param name="carry">A plan with some regions in pieces and no others, whatever that saves; null where they cannot be had so.</param>
/// <param name="plan">Plans with some nodes in no region.</param>
/// <param name="verify">Verifies a plan.</param>
/// <param name="known">Nodes that were found at fault before.</param>
internal sealed class GuiltyPieces(
    Func<IReadOnlyList<PieceChoice>, ExecutorPlan?> carry, Func<IReadOnlySet<string>, ExecutorPlan> plan, Func<ExecutorPlan, VerificationOutcome> verify, IReadOnlySet<string> known)
{
    /// <summary>Plans that may be made, each of which is run; a model that needs more is planned without pieces.</summary>
    private const int MostPlans = 24;

    private readonly HashSet<string> _kept = new(known, StringComparer.Ordinal);
    private readonly List<LeftOutRewrite> _leftOut = [];
    private int _plans;

    /// <summary>What is kept whole, in the order found.</summary>
    public IReadOnlyList<LeftOutRewrite> LeftOut => _leftOut;

    /// <summary>The names of these nodes, and of those known before.</summary>
    public IReadOnlySet<string> KeptWhole => _kept;

    /// <summary>A region of which pieces are at fault.</summary>
    private readonly record struct Guilty(PieceChoice Region, SerenityException Fault);

    /// <summary>Keeps nodes whole until a plan holds.</summary>
    /// <param name="planned">A plan with pieces that does not hold, and does without them.</param>
    /// <returns>A plan with pieces that was verified last, and what was found; null if there is none.</returns>
    public (ExecutorPlan Plan, VerificationOutcome Verified)? TryWithout(ExecutorPlan planned)
    {
        while (true)
        {
            List<Guilty> guilty = [];
            Bisect([.. planned.Rewrites.Where(r => r.Pieces is not null).Select(r => new PieceChoice(r.Nodes, r.Pieces!))], guilty);
            if (guilty.Count == 0)
                return null;
            foreach (Guilty region in guilty)
            {
                string node = LastAtFault(region);
                if (_kept.Add(node))
                    _leftOut.Add(new LeftOutRewrite(ModelPartition.Kind, [node], region.Fault.WhatHappened));
            }
            if (_plans++ >= MostPlans)
                return null;
            planned = plan(_kept);
            // Without them no pieces lower the peak.
            if (planned.Whole is null)
                return null;
            if (Fault(planned, out VerificationOutcome? verified) is null)
                return (planned, verified!);
        }
    }

    private void Bisect(PieceChoice[] regions, List<Guilty> guilty)
    {
        if (regions.Length == 0 || Holds(regions, out SerenityException? fault))
            return;
        if (regions.Length > 1)
        {
            Bisect(regions[..(regions.Length / 2)], guilty);
            Bisect(regions[(regions.Length / 2)..], guilty);
        }
        else if (fault is not null)
        {
            guilty.Add(new Guilty(regions[0], fault));
        }
    }

    /// <summary>The node nearest to the end of a region without which those behind it hold in pieces.</summary>
    private string LastAtFault(Guilty region)
    {
        IReadOnlyList<string> nodes = region.Region.Nodes;
        // Those from the first on are at fault, those from the last on but one are not; of what is before a region's end, its pieces read slices.
        int at = 0, holds = nodes.Count;
        while (holds - at > 1 && _plans < MostPlans)
        {
            int middle = at + ((holds - at) / 2);
            if (Holds([region.Region with { Nodes = [.. nodes.Skip(middle)] }], out SerenityException? fault) || fault is null)
                holds = middle;
            else
                at = middle;
        }
        return nodes[at];
    }

    /// <summary>True if regions in pieces do what was planned; the fault is null where they cannot be had so, or no more plans may be made.</summary>
    private bool Holds(IReadOnlyList<PieceChoice> regions, out SerenityException? fault)
    {
        fault = null;
        if (_plans++ >= MostPlans || carry(regions) is not { } carried)
            return false;
        fault = Fault(carried, out _);
        return fault is null;
    }

    private SerenityException? Fault(ExecutorPlan planned, out VerificationOutcome? verified)
    {
        verified = null;
        try
        {
            verified = verify(planned);
            return null;
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            return fault;
        }
    }
}
