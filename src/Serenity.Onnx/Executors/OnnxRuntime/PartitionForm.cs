using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>A model that may be cut.</summary>
/// <param name="Model">The model.</param>
/// <param name="Shapes">Types of its values.</param>
/// <param name="Order">Names of its nodes in the order of its schedule.</param>
/// <param name="Ratio">Its predicted time, as a multiple of the unchanged model's.</param>
/// <param name="Applied">Rewrites applied before.</param>
internal sealed record PartitionForm(ModelProto Model, ShapeTable Shapes, IReadOnlyList<string> Order, double Ratio, IReadOnlyList<AppliedRewrite> Applied)
{
    /// <summary>Its regions, and what is known of them; null before the first search.</summary>
    public PartitionSearch? Search { get; set; }

    /// <summary>
    /// The unchanged model after sets of rewrites that pay in pieces (<see cref="RewriteSets"/>), scheduled as candidates are. None whose sites are those of an earlier one, and none that leaves no
    /// time for pieces.
    /// </summary>
    /// <param name="source">The model without rewrites.</param>
    /// <param name="peak">Its peak.</param>
    /// <param name="applied">What was applied to lower the peak of the whole.</param>
    public static IEnumerable<PartitionForm> Rewritten(PartitionFormSource source, long peak, IReadOnlyList<AppliedRewrite> applied)
    {
        HashSet<string> known = [PartitionFormSource.Key(applied.Select(a => (a.Kind, a.Nodes))), ""];
        foreach (ISiteChoice choice in RewriteSets.ForPieces(applied))
        {
            if (source.Apply(choice) is not { } rewritten || !known.Add(rewritten.Key) || source.TryForm(rewritten) is not { } form)
                continue;
            // What they save together, and what time they take, is told of the last: which of them are needed is found out of the form that is taken.
            long saved = Math.Max(0, peak - form.Peak);
            yield return form.Form with
            {
                Applied = [.. rewritten.Sites.Select((site, i) => i < rewritten.Sites.Count - 1 ? Told(site, 0, 0) : Told(site, saved, Math.Round(form.Form.Ratio - 1, 3)))],
            };
        }
    }

    /// <summary>A site as it is told.</summary>
    public static AppliedRewrite Told(RewriteSite site, long saved, double added) => new(site.Kind, site.Nodes, site.IsExact, saved) { AddedTime = added };
}
