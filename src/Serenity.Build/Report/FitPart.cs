using System.Text;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>Over budget: what would fit. The least budget that passes, and what else can be changed. Empty for a model that fits.</summary>
internal static class FitPart
{
    public static string Render(MemoryManifest manifest)
    {
        StringBuilder html = new();
        if (manifest.Budget.MemoryBytes is long budget && manifest.Peak.RequiredBytes > budget)
        {
            html.Append("<section class=\"card fit\" aria-labelledby=\"h-fit\"><h2 id=\"h-fit\">What would fit</h2>\n<p>The least budget that passes now is ");
            html.Append(Code(ModelSetting.MemoryBudget.Of(ByteSize.RoundUpBudget(BudgetCheck.LeastPassing(manifest, budget))).ToString())).Append(". ");
            if (manifest.Peak.LowerBoundBytes > budget)
                html.Append(ReportPage.Text($"No order of this graph fits: the least is {ByteSize.Rounded(manifest.Peak.LowerBoundBytes)}. "));
            if (manifest.Work is { MostLimit: { } most, LeastBytes: { } least })
                html.Append(ReportPage.Text(FormattableString.Invariant($"Rewrites that make a run up to {most} times as long come to {ByteSize.Rounded(least)}. ")));
            html.Append("Other than that:</p>\n<ul>\n");
            foreach (MessageText way in BudgetCheck.Ways(manifest, budget))
                html.Append("<li>").Append(ReportPage.Text(way.ToString())).Append("</li>\n");
            html.Append("</ul></section>\n");
        }
        // Of the budget for memory all is said by now; of the memories of a device each has its own error.
        bool said = html.Length > 0;
        foreach (SerenityDiagnostic error in BudgetCheck.Errors(manifest, manifest.Source.Path).Where(e => !said || e.Code != SerenityCodes.OverMemoryBudget))
            html.Append("<p class=\"note fail\"><b>").Append(error.Code).Append("</b> ").Append(ReportPage.Text(ModelText.Clean(error.Message, 2000))).Append("</p>\n");
        return html.ToString();
    }

    private static string Code(string text) => $"<code>{ReportPage.Text(text)}</code>";
}
