using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// Finds the rewrites with which outputs do not stay within the tolerance, and plans without these alone. Where a comparison of rewritten parts names
/// the values that are lost, those who made them are at fault; else halves of the rewrites are left out in turn until one is left.
/// </summary>
/// <param name="plan">Plans without some rewrites, or with some alone.</param>
/// <param name="verify">Verifies a plan.</param>
internal sealed class GuiltyRewrites(Func<RewriteRestriction, ExecutorPlan> plan, Action<ExecutorPlan> verify)
{
    /// <summary>Plans that may be made; a model that needs more is planned with exact rewrites alone.</summary>
    private const int MostPlans = 16;

    private readonly HashSet<string> _anchors = new(StringComparer.Ordinal);
    private readonly List<LeftOutRewrite> _leftOut = [];
    private int _plans;

    /// <summary>What is left out, in the order found.</summary>
    public IReadOnlyList<LeftOutRewrite> LeftOut => _leftOut;

    /// <summary>The same, for a search.</summary>
    public RewriteRestriction Restriction => new() { LeftOut = _anchors };

    /// <summary>Leaves out what is at fault until a plan holds.</summary>
    /// <param name="planned">A plan that does not hold.</param>
    /// <param name="fault">Why.</param>
    /// <param name="holds">A plan that was verified.</param>
    /// <returns>False if no such plan was found.</returns>
    public bool TryWithout(ExecutorPlan planned, SerenityException fault, out ExecutorPlan holds)
    {
        holds = planned;
        for (SerenityException? wrong = fault; wrong is not null; wrong = Fault(holds))
        {
            AppliedRewrite[] guilty = Named(holds, wrong);
            if (guilty.Length == 0)
                guilty = Bisect(holds);
            if (guilty.Length == 0 || _plans >= MostPlans)
                return false;
            foreach (AppliedRewrite rewrite in guilty)
            {
                _anchors.Add(rewrite.Nodes[0]);
                _leftOut.Add(new LeftOutRewrite(rewrite.Kind, rewrite.Nodes, wrong.WhatHappened));
            }
            holds = Plan(null);
        }
        return true;
    }

    private ExecutorPlan Plan(IReadOnlyList<AppliedRewrite>? only)
    {
        _plans++;
        return plan(Restriction with { Only = only });
    }

    /// <summary>What is wrong with the values of a plan; null for nothing.</summary>
    private SerenityException? Fault(ExecutorPlan planned)
    {
        try
        {
            verify(planned);
            return null;
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            // What else may be wrong with a plan is not for a choice of rewrites to mend.
            return fault.Code == SerenityCodes.OutputsDiffer ? fault : null;
        }
    }

    /// <summary>For each value that a fault names, the last rewrite that replaced the node that makes it.</summary>
    private static AppliedRewrite[] Named(ExecutorPlan planned, SerenityException fault)
    {
        if (fault.Values.Count == 0)
            return [];
        Dictionary<string, string> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in planned.Start.Model.Graph.Node)
        {
            foreach (string output in node.Output)
                makers[output] = node.Name;
        }
        AppliedRewrite[] inexact = [.. planned.Rewrites.Where(r => !r.Exact)];
        return [.. fault.Values.Select(value => inexact.LastOrDefault(r => r.Nodes.Contains(makers.GetValueOrDefault(value, "")))).OfType<AppliedRewrite>().Distinct()];
    }

    private AppliedRewrite[] Bisect(ExecutorPlan planned)
    {
        AppliedRewrite[] suspects = [.. planned.Rewrites.Where(r => !r.Exact)];
        while (suspects.Length > 1 && _plans < MostPlans)
        {
            // Carried out and not searched for: without one of them, a search would also leave out those that gain nothing without it.
            AppliedRewrite[] half = suspects[..(suspects.Length / 2)];
            suspects = Fault(Plan([.. planned.Rewrites.Except(half)])) is null ? half : suspects[half.Length..];
        }
        return suspects;
    }
}
