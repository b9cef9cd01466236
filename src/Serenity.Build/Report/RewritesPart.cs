using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>What was changed in the graph: a group for each kind of rewrite, with what its members saved together.</summary>
internal static class RewritesPart
{
    private const int ShownNodes = 6, ShownMembers = 100;

    public static string Render(MemoryManifest manifest, ReportNames names)
    {
        StringBuilder html = new();
        if (manifest.Rewrites.Count == 0)
        {
            html.Append("<p>None: ").Append(ReportPage.Text(WhyNone(manifest))).Append("</p>");
        }
        else
        {
            html.Append("<p class=\"dim small\">Rewrites lower the peak together: one alone may save nothing, since another place is the peak then. So a group’s figure is what counts.</p>");
        }
        // In the order in which the kinds were first applied.
        foreach (IGrouping<string, AppliedRewrite> group in manifest.Rewrites.GroupBy(r => r.Kind, StringComparer.Ordinal))
            Group(html, [.. group], names);
        if (manifest.LeftOut is { Count: > 0 } leftOut)
        {
            html.Append(CultureInfo.InvariantCulture, $"<details><summary>{leftOut.Count} left out, since outputs did not hold</summary><ul>");
            foreach (LeftOutRewrite left in leftOut.Take(ShownMembers))
                html.Append(CultureInfo.InvariantCulture, $"<li><b>{ReportPage.Text(names.Show(left.Kind))}</b> {Nodes(left.Nodes, names)}: {ReportPage.Text(ModelText.Clean(left.Reason, 400))}</li>");
            html.Append("</ul></details>");
        }
        return html.ToString();
    }

    private static string WhyNone(MemoryManifest manifest)
    {
        if (manifest.Options.Get(ModelOptions.Rewrite) == RewriteLevel.None)
            return "rewrites are turned off for this model.";
        if (manifest.Warnings.Any(w => w.Code == SerenityCodes.PassedThrough))
            return "what was tried did not hold, or could not be tried; the warning SER2402 says why.";
        // There it is not the peak that counts.
        if (manifest.Memories is not null)
            return "over several memories a rewrite is taken where the model fits only with it, or where its accesses cost less with it, and none was found that does either.";
        return manifest.Work.Limited
            ? string.Create(CultureInfo.InvariantCulture, $"the order alone gave this peak; what would lower it makes a run longer than {manifest.Work.Limit:0.##} times the predicted time.")
            : "the order alone gave this peak, and no rewrite that is allowed was found to lower it.";
    }

    private static void Group(StringBuilder html, AppliedRewrite[] members, ReportNames names)
    {
        long saved = members.Sum(m => m.SavedBytes);
        string exact = members.All(m => m.Exact) ? "outputs bit for bit the same" : "sums in another order";
        double? time = members.Any(m => m.AddedTime is not null) ? members.Sum(m => m.AddedTime ?? 0) : null;
        html.Append(CultureInfo.InvariantCulture, $"<details class=\"group\"><summary><b>{ReportPage.Text(names.Show(members[0].Kind))}</b> ×{members.Length}: {Saved(members, saved)} <span class=\"dim small\">{exact}");
        if (members.Any(m => m.Pieces is not null))
            html.Append(CultureInfo.InvariantCulture, $"; {Counted.Of(members.Sum(m => m.Pieces?.Count ?? 0), "piece")}");
        if (time is { } added)
            html.Append(CultureInfo.InvariantCulture, $"; predicted time of a run {Signed(added)}");
        html.Append("</span></summary><ul>");
        foreach (AppliedRewrite rewrite in members.Take(ShownMembers))
        {
            html.Append("<li>").Append(Nodes(rewrite.Nodes, names));
            if (rewrite.Pieces is { } pieces)
                html.Append(CultureInfo.InvariantCulture, $" <span class=\"dim\">in {Counted.Of(pieces.Count, "piece")} along axis {pieces.Axis} of {ReportPage.Name(names.Show(pieces.Value))}</span>");
            html.Append(CultureInfo.InvariantCulture, $" <span class=\"dim\">{ByteSize.Rounded(rewrite.SavedBytes)}{(rewrite.AddedTime is { } its ? $", predicted time {Signed(its)}," : "")} in its turn</span></li>");
        }
        if (members.Length > ShownMembers)
            html.Append(CultureInfo.InvariantCulture, $"<li class=\"dim\">and {members.Length - ShownMembers} more, in the manifest</li>");
        html.Append("</ul></details>");
    }

    /// <summary>Figures are of tensors; where those of pieces are none, it is kernels' workspace that they save, or they would not have been taken.</summary>
    private static string Saved(AppliedRewrite[] members, long bytes) =>
        bytes == 0 && members.Any(m => m.Pieces is not null) ? "saves kernels’ workspace, no tensors" : $"{ByteSize.Rounded(bytes)} saved{(members.Length > 1 ? " together" : "")}";

    private static string Nodes(IReadOnlyList<string> nodes, ReportNames names)
    {
        string text = string.Join(", ", nodes.Take(ShownNodes).Select(node => ReportPage.Name(names.Show(node))));
        return nodes.Count <= ShownNodes ? text : text + string.Create(CultureInfo.InvariantCulture, $" <span class=\"dim\">and {nodes.Count - ShownNodes} more</span>");
    }

    private static string Signed(double part) => (part >= 0 ? "+" : "−") + (100 * Math.Abs(part)).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}
