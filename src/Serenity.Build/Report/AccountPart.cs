using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What the model takes beside its tensors, pool by pool, in each way of running it: architectures, layouts, blocks, other precision. Empty where nothing is known.</summary>
internal static class AccountPart
{
    public static string Render(MemoryManifest manifest)
    {
        if (manifest.Plans.Count == 0 && manifest.Variants.Count == 0 && manifest.OtherPrecision is null)
            return "";
        StringBuilder html = new("<section class=\"card\" aria-labelledby=\"h-account\"><h2 id=\"h-account\">Every pool of memory</h2>\n");
        if (manifest.Plans.Where(p => p.Layout == PlanLayout.Portable).MaxBy(p => p.Account.ProcessBytes) is { Account: { ProcessBytes: { } process } account })
            Stack(html, account, process, manifest.Budget.ProcessBytes);
        if (manifest.Plans.Count > 0)
            Pools(html, manifest.Plans);
        if (manifest.Variants.Count > 0)
            Variants(html, manifest.Variants);
        if (manifest.OtherPrecision is { } other)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>With <code>Precision=\"{other.Precision}\"</code> the tensors take {ByteSize.Rounded(other.PeakBytes)} and the weights {ByteSize.Rounded(other.WeightBytes)}");
            html.Append(other.MaxDifference is { } difference ? string.Create(CultureInfo.InvariantCulture, $"; outputs differ by {difference:0.###e+0} of their magnitude at most.</p>\n") : ".</p>\n");
        }
        return html.Append("</section>\n").ToString();
    }

    private static void Pools(StringBuilder html, IReadOnlyList<PlanFacts> plans)
    {
        MemoryPoolInfo[] pools = [.. MemoryPools.All.Where(info => plans.Any(plan => plan.Account.Find(info.Pool)?.Bytes is not null))];
        html.Append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Pools of memory\"><table><thead><tr><th scope=\"col\">Pool</th>");
        foreach (PlanFacts plan in plans)
            html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\" class=\"num\">{ReportPage.Text(Title(plan))}</th>");
        html.Append("</tr></thead><tbody>");
        foreach (MemoryPoolInfo pool in pools)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{ReportPage.Text(pool.Title)}{(pool.IsOfMemoryBudget ? " <span class=\"dim small\">in MemoryBudget</span>" : "")}</th>");
            foreach (PlanFacts plan in plans)
                html.Append("<td class=\"num\">").Append(Figure(plan.Account.Find(pool.Pool))).Append("</td>");
            html.Append("</tr>");
        }
        Sum(html, "held against MemoryBudget", plans, plan => plan.Account.RequiredBytes);
        Sum(html, "the process, .NET and the app apart", plans, plan => plan.Account.ProcessBytes);
        Sum(html, "one block for a whole run", plans, plan => plan.BlockBytes);
        html.Append("</tbody></table></div>\n");
    }

    private static void Sum(StringBuilder html, string title, IReadOnlyList<PlanFacts> plans, Func<PlanFacts, long?> of)
    {
        if (plans.All(plan => of(plan) is null))
            return;
        html.Append(CultureInfo.InvariantCulture, $"<tr class=\"sum\"><th scope=\"row\">{title}</th>");
        foreach (PlanFacts plan in plans)
            html.Append("<td class=\"num\">").Append(of(plan) is { } bytes ? Bytes(bytes) : "–").Append("</td>");
        html.Append("</tr>");
    }

    private static string Figure(PoolAccount? pool)
    {
        if (pool?.Bytes is not { } bytes)
            return "–";
        string basis = string.Join(", ", pool.Parts.Where(p => p.Bytes is not null).Select(p => ManifestNames.Of(p.Basis)).Distinct());
        return $"{Bytes(bytes)} <span class=\"dim small\">{ReportPage.Text(basis)}</span>";
    }

    private static string Bytes(long bytes) => $"<span title=\"{ReportPage.Exact(bytes)} bytes\">{ByteSize.Rounded(bytes)}</span>";

    private static string Title(PlanFacts plan)
    {
        List<string> parts = [ManifestNames.Of(plan.Layout)];
        if (plan.Architecture is { } architecture)
            parts.Add(ModelText.Clean(architecture, 40));
        if (plan.Threads > 1)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{plan.Threads} threads"));
        return string.Join(", ", parts);
    }

    private static void Variants(StringBuilder html, IReadOnlyList<VariantEntry> variants)
    {
        html.Append("<table class=\"cards\"><thead><tr><th>Layout</th><th>File</th><th class=\"num\">Work of a run</th><th class=\"num\">Convolutions in blocks</th><th class=\"num\">Reorders</th><th>Basis</th></tr></thead><tbody>");
        foreach (VariantEntry variant in variants)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{ManifestNames.Of(variant.Layout)}</td><td data-label=\"File\">{ReportPage.Name(ModelText.Clean(variant.Output.Path, 120))}</td><td class=\"num\" data-label=\"Work of a run\">×{variant.WorkRatio:0.###}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\" data-label=\"Convolutions in blocks\">{variant.Convolutions}</td><td class=\"num\" data-label=\"Reorders\">{variant.Reorders}</td><td data-label=\"Basis\">{ManifestNames.Of(variant.Basis)}</td></tr>");
        }
        html.Append("</tbody></table>\n");
    }

    /// <summary>Pool beside pool: what is there all the time, then the larger of loading and running.</summary>
    private static void Stack(StringBuilder html, MemoryAccount account, long process, long? budget)
    {
        long scale = Math.Max(1, Math.Max(process, budget ?? 0));
        MemoryPhase then = Held(MemoryPhase.Running) * account.Runs >= Held(MemoryPhase.Loading) ? MemoryPhase.Running : MemoryPhase.Loading;
        string text = budget is { } limit ? $"The process takes about {ByteSize.Rounded(process)} of {ByteSize.Rounded(limit)}" : $"The process takes about {ByteSize.Rounded(process)}, .NET and the app apart";
        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"bar\" viewBox=\"0 0 1000 22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{ReportPage.Text(text)}\"><rect class=\"track\" x=\"0\" y=\"4\" width=\"1000\" height=\"14\"/>");
        double at = 0;
        List<string> parts = [];
        foreach (MemoryPoolInfo info in MemoryPools.All.Where(p => p.Phase == MemoryPhase.Always).Concat(MemoryPools.All.Where(p => p.Phase == then)))
        {
            long bytes = checked((account.Find(info.Pool)?.Bytes ?? 0) * (info.Phase == MemoryPhase.Running ? account.Runs : 1));
            if (bytes == 0)
                continue;
            double width = 1000.0 * bytes / scale;
            html.Append(CultureInfo.InvariantCulture, $"<rect class=\"pool{parts.Count % 2}\" x=\"{at:0.##}\" y=\"4\" width=\"{width:0.##}\" height=\"14\"/>");
            at += width;
            parts.Add($"{info.Title} {ByteSize.Rounded(bytes)}");
        }
        if (budget is { } most)
            html.Append(CultureInfo.InvariantCulture, $"<rect class=\"limit\" x=\"{Math.Max(0, (1000.0 * most / scale) - 3):0.##}\" y=\"0\" width=\"3\" height=\"22\"/>");
        html.Append(CultureInfo.InvariantCulture, $"</svg><p class=\"small\">{ReportPage.Text(text)}: {ReportPage.Text(string.Join(", ", parts))}.</p>\n");

        long Held(MemoryPhase phase) => account.Pools.Where(p => MemoryPools.Of(p.Pool).Phase == phase).Sum(p => p.Bytes ?? 0);
    }
}
