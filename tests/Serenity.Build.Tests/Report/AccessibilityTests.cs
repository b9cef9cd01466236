using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Build.Results;
using Serenity.Onnx.Contract;
using Serenity.Testing.Browsing;

namespace Serenity.Build.Tests.Report;

/// <summary>Report and index as axe-core sees them, in both themes, on a desk and on a phone.</summary>
[TestClass]
[TestCategory("Browser")]
public sealed class AccessibilityTests
{
    [TestMethod]
    public async Task Axe_finds_nothing()
    {
        if (!Browser.IsThere)
            Assert.Inconclusive(Browser.Missing);
        await using Browser browser = await Browser.StartAsync();
        // Over budget with all that there is to say; an arena; all models of a project.
        (string Name, string Html)[] pages =
        [
            ("over budget", HtmlReport.Render(RichManifest.Create(budget: 100))),
            ("arena", HtmlReport.Render(SyntheticManifest.Create(90, Executor.StaticArena, 1 << 22))),
            ("memories", HtmlReport.Render(LevelsManifest.Create(fits: false))),
            ("index", RichManifest.Index()),
        ];
        List<string> found = [];
        foreach ((string name, string html) in pages)
        {
            foreach (bool dark in (bool[])[false, true])
            {
                foreach (int width in (int[])[1280, 390])
                {
                    await using BrowserPage page = await browser.OpenAsync(html, width, dark, name == "index" ? "" : "#step=9&steps=3-40&tensor=scores");
                    // What is folded or hidden is looked at too.
                    await page.EvaluateAsync("document.getElementById('side')?.click()");
                    await page.EvaluateAsync("[...document.querySelectorAll('details')].forEach(d => d.open = true)");
                    if (name != "index")
                    {
                        await page.EvaluateAsync("document.getElementById('graph').scrollIntoView()");
                        await page.WaitForAsync("document.querySelectorAll('#graph .box').length > 0 && document.querySelectorAll('#rows .row').length > 0");
                    }
                    if (await page.NumberAsync("document.documentElement.scrollWidth") > width)
                        found.Add($"{name}, {width}: wider than the window");
                    found.AddRange((await page.AxeAsync()).Select(line => $"{name}, {(dark ? "dark" : "light")}, {width}: {line}"));
                }
            }
        }
        Assert.IsEmpty(found, string.Join('\n', found));
    }
}
