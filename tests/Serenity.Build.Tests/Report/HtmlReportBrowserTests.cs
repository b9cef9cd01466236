using System.Globalization;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Report;

/// <summary>The report as a browser shows it.</summary>
[TestClass]
[TestCategory("Browser")]
public sealed class HtmlReportBrowserTests
{
    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Pointer_keyboard_and_search_work()
    {
        MemoryManifest manifest = SyntheticManifest.Create(120, Executor.StaticArena, 1 << 20);
        using TemporaryPage page = new(HtmlReport.Render(manifest));
        await using Browser browser = await OpenAsync(page, dark: false);

        Assert.AreEqual("What is live at the peak", await Text(browser, "h-live"));
        await browser.EvaluateAsync("document.getElementById('profile').focus()", Cancellation);
        await browser.PressAsync("ArrowRight", Cancellation);
        int next = manifest.PeakStep!.Index + 1;
        Assert.AreEqual($"What is live at step {next}", await Text(browser, "h-live"));
        // What the page sums up at another step is what the manifest's profile says.
        StringAssert.Contains(await Text(browser, "live-lead"), $"{manifest.Profile[next]} bytes");
        Assert.AreEqual(
            manifest.Tensors.Count(t => t.FirstStep <= next && next <= t.LastStep).ToString(CultureInfo.InvariantCulture),
            await browser.EvaluateAsync("document.querySelectorAll('#live tbody tr').length", Cancellation));
        await browser.PressAsync("p", Cancellation);
        Assert.AreEqual("What is live at the peak", await Text(browser, "h-live"));
        await browser.PressAsync("+", Cancellation);
        await browser.PressAsync("0", Cancellation);

        await browser.EvaluateAsync("document.getElementById('map').scrollIntoView()", Cancellation);
        string[] box = (await browser.EvaluateAsync("(r => [r.left, r.top, r.width, r.height].join())(document.getElementById('map').getBoundingClientRect())", Cancellation)).Split(',');
        double[] at = [.. box.Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        await browser.PointAsync("mouseMoved", at[0] + at[2] * 0.4, at[1] + at[3] - 30, Cancellation);
        Assert.AreEqual("false", await browser.EvaluateAsync("String(document.getElementById('tip').hidden)", Cancellation));
        StringAssert.Contains(await Text(browser, "tip"), "live from step");

        await browser.PressAsync("/", Cancellation);
        Assert.AreEqual("query", await browser.EvaluateAsync("document.activeElement.id", Cancellation));
        foreach (char key in "cell_3/op_4")
            await browser.PressAsync(key.ToString(), Cancellation);
        Assert.AreEqual("2 of 241", await Text(browser, "found"), "The node and the tensor it makes.");
        Assert.IsEmpty(browser.Complaints, string.Join('\n', browser.Complaints));
    }

    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task A_hostile_name_does_not_run_and_the_policy_is_in_force()
    {
        const string Attack = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
        MemoryManifest manifest = SyntheticManifest.Create(30, Executor.OnnxRuntime, nodeName: step => $"{Attack}{step}");
        using TemporaryPage page = new(HtmlReport.Render(manifest));
        await using Browser browser = await OpenAsync(page, dark: true);
        await browser.EvaluateAsync("document.getElementById('profile').focus()", Cancellation);
        await browser.PressAsync("ArrowLeft", Cancellation);
        Assert.AreNotEqual("owned", await browser.EvaluateAsync("document.title", Cancellation));
        Assert.AreEqual("0", await browser.EvaluateAsync("document.images.length", Cancellation));
        Assert.AreEqual("2", await browser.EvaluateAsync("document.scripts.length", Cancellation));
        Assert.IsEmpty(browser.Complaints, string.Join('\n', browser.Complaints));

        // An injection that got past the escaping would still meet the policy: an inline script and a string as markup are refused.
        await browser.EvaluateAsync("(s => { try { s.textContent = 'document.title = \"owned\"'; document.body.append(s); } catch { } })(document.createElement('script'))", Cancellation);
        Assert.AreNotEqual("owned", await browser.EvaluateAsync("document.title", Cancellation));
        Assert.AreEqual("refused", await browser.EvaluateAsync("(() => { try { document.body.innerHTML = '<p>x'; return 'taken'; } catch { return 'refused'; } })()", Cancellation));
    }

    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    [DoNotParallelize]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public async Task Five_thousand_operators_are_drawn_in_under_two_seconds(Executor executor)
    {
        using TemporaryPage page = new(HtmlReport.Render(SyntheticManifest.Create(5000, executor, 1 << 22)));
        await using Browser browser = await OpenAsync(page, dark: false);
        // The best of a few: other processes of the machine can only add.
        int milliseconds = int.MaxValue;
        for (int load = 0; load < 4 && milliseconds >= 2000; load++)
        {
            await browser.EvaluateAsync("delete document.documentElement.dataset.ready; location.reload()", Cancellation);
            await browser.WaitForAsync("!!document.documentElement?.dataset.ready", Cancellation);
            milliseconds = Math.Min(milliseconds, int.Parse(await browser.EvaluateAsync("document.documentElement.dataset.ready", Cancellation), CultureInfo.InvariantCulture));
        }
        TestContext.WriteLine($"{executor}: {milliseconds} ms from the start of loading to the first complete picture");
        Assert.IsLessThan(2000, milliseconds);
        Assert.IsEmpty(browser.Complaints, string.Join('\n', browser.Complaints));
    }

    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task The_theme_follows_the_system_and_the_key()
    {
        using TemporaryPage page = new(HtmlReport.Render(SyntheticManifest.Create(10, Executor.OnnxRuntime)));
        await using Browser browser = await OpenAsync(page, dark: true);
        const string Background = "getComputedStyle(document.body).backgroundColor";
        string dark = await browser.EvaluateAsync(Background, Cancellation);
        await browser.PressAsync("t", Cancellation);
        string light = await browser.EvaluateAsync(Background, Cancellation);
        Assert.AreEqual("rgb(14, 19, 25)", dark);
        Assert.AreEqual("rgb(246, 247, 249)", light);
        await browser.PressAsync("t", Cancellation);
        Assert.AreEqual(dark, await browser.EvaluateAsync(Background, Cancellation));
    }

    private async Task<Browser> OpenAsync(TemporaryPage page, bool dark)
    {
        Browser browser = await Browser.OpenAsync(page.Path, dark, Cancellation);
        await browser.WaitForAsync("!!document.documentElement?.dataset.ready", Cancellation);
        return browser;
    }

    private Task<string> Text(Browser browser, string id) => browser.EvaluateAsync($"document.getElementById('{id}').textContent", Cancellation);

    private sealed class TemporaryPage : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("serenity-report-");

        public TemporaryPage(string html)
        {
            Path = System.IO.Path.Combine(_folder.FullName, "report.html");
            File.WriteAllText(Path, html);
        }

        public string Path { get; }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
