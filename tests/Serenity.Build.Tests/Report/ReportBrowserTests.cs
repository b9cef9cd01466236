using System.Globalization;
using PuppeteerSharp;
using PuppeteerSharp.Input;
using PuppeteerSharp.Media;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;
using Serenity.Testing.Browsing;
using Browser = Serenity.Testing.Browsing.Browser;

namespace Serenity.Build.Tests.Report;

/// <summary>The report as a browser shows it.</summary>
[TestClass]
[TestCategory("Browser")]
public sealed class ReportBrowserTests
{
    private static Browser? _browser;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context)
    {
        _ = context;
        if (Browser.IsThere)
            _browser = await Browser.StartAsync();
    }

    [ClassCleanup]
    public static async Task StopAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
    }

    [TestMethod]
    public async Task A_brush_chooses_the_steps_of_the_map_and_the_address_says_so()
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(120, Executor.OnnxRuntime, 1 << 20));
        double[] box = await page.BoxAsync("#profile .frame");
        await DragAsync(page, box[0] + (box[2] * 0.25), box[0] + (box[2] * 0.5), box[1] + (box[3] / 2));
        double from = await page.NumberAsync("document.getElementById('from').value"), to = await page.NumberAsync("document.getElementById('to').value");
        Assert.AreEqual(31, from, 1);
        Assert.AreEqual(60, to, 1);
        Assert.AreEqual($"{from - 1} 0 {to - from + 1} 2000", await page.EvaluateAsync("document.querySelector('#map .shapes').getAttribute('viewBox')"));
        await page.WaitForAsync($"location.hash === '#steps={from}-{to}'");
        Assert.AreEqual(from, await page.NumberAsync("document.querySelector('#map .steps text').textContent"), 3, "The axis begins where the range does.");

        // A click is for a step, and shows all again.
        await page.Page.Mouse.ClickAsync((decimal)(box[0] + (box[2] * 0.104)), (decimal)(box[1] + (box[3] / 2)));
        await page.WaitForAsync("document.getElementById('step').value === '13'");
        Assert.AreEqual("1", await page.EvaluateAsync("document.getElementById('from').value"));
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public async Task A_click_on_a_tensor_tells_who_made_it_who_reads_it_and_why_it_is_held(Executor executor)
    {
        MemoryManifest manifest = SyntheticManifest.Create(40, executor, 1 << 20);
        await using BrowserPage page = await OpenAsync(manifest);
        // One that is read twice.
        int index = manifest.Tensors.ToList().FindIndex(t => t.Role == TensorRole.Activation && t.Readers!.Count > 1);
        TensorFacts tensor = manifest.Tensors[index];
        await page.EvaluateAsync($"document.querySelector('#map [data-t=\"{index}\"]').dispatchEvent(new MouseEvent('click', {{ bubbles: true, clientX: (r => r.left + r.width / 2)(document.querySelector('#map [data-t=\"{index}\"]').getBoundingClientRect()), clientY: 10 }}))");
        await page.WaitForAsync("!document.getElementById('tensor').hidden");
        string facts = await page.TextAsync("#tensor-facts");
        StringAssert.Contains(facts, tensor.Name);
        StringAssert.Contains(facts, FormattableString.Invariant($"from step {tensor.FirstStep + 1} to step {tensor.LastStep + 1}"));
        StringAssert.Contains(facts, manifest.Schedule[tensor.Writers![0]]);
        foreach (int reader in tensor.Readers!)
            StringAssert.Contains(facts, $"{manifest.Schedule[reader]} step {reader + 1}");
        StringAssert.Contains(facts, "It is still read by");
        Assert.AreEqual("true", await page.EvaluateAsync($"document.querySelector('#map [data-t=\"{index}\"]').classList.contains('chosen')"));
        await page.WaitForAsync("location.hash.includes('tensor=') && location.hash.includes('step=')");
        await page.Page.ClickAsync("#close-tensor");
        await page.WaitForAsync("document.getElementById('tensor').hidden && !location.hash.includes('tensor=')");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task A_buffer_that_was_taken_over_says_by_whom()
    {
        MemoryManifest manifest = RichManifest.Create(null);
        TensorFacts first = manifest.Tensors[2], again = manifest.Tensors[30];
        await using BrowserPage page = await OpenAsync(manifest, hash: $"#tensor={Uri.EscapeDataString(first.Name)}&step={again.FirstStep + 1}");
        await page.WaitForAsync("!document.getElementById('tensor').hidden");
        StringAssert.Contains(await page.TextAsync("#tensor-facts"), $"the buffer holds {again.Name}");
        // Between its last reader and the one that takes it over nobody needs it.
        await page.EvaluateAsync($"location.hash = '#step={first.Readers![^1] + 2}'");
        await page.WaitForAsync("document.getElementById('tensor-facts').textContent.includes('Nobody needs what is in it; ONNX Runtime keeps the buffer for')");
        StringAssert.Contains(await page.TextAsync("#tensor-facts"), $"Shares its buffer with{again.Name}");
    }

    [TestMethod]
    public async Task A_link_leads_to_a_step_a_range_and_a_tensor()
    {
        MemoryManifest manifest = SyntheticManifest.Create(120, Executor.OnnxRuntime);
        string name = manifest.Tensors[30].Name;
        await using BrowserPage page = await OpenAsync(manifest, hash: $"#step=31&steps=20-60&tensor={Uri.EscapeDataString(name)}");
        await page.WaitForAsync("document.getElementById('step').value === '31' && document.getElementById('from').value === '20' && document.getElementById('to').value === '60'");
        Assert.AreEqual("What is live at step 31", await page.TextAsync("#h-live"));
        StringAssert.Contains(await page.TextAsync("#tensor-facts"), name);
        await page.EvaluateAsync("location.hash = '#step=45'");
        await page.WaitForAsync("document.getElementById('h-live').textContent === 'What is live at step 45'");
        // Nonsense changes nothing, and is no error.
        await page.EvaluateAsync("location.hash = '#step=%zz&steps=9-&tensor=%E0%A4%A&step=999999999'");
        await page.WaitForAsync("document.getElementById('step').value === '120'");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task Everything_can_be_done_with_keys()
    {
        MemoryManifest manifest = SyntheticManifest.Create(120, Executor.StaticArena, 1 << 20);
        await using BrowserPage page = await OpenAsync(manifest);
        Assert.AreEqual("What is live at the peak", await page.TextAsync("#h-live"));
        await TabToAsync(page, "slider");
        await page.Page.Keyboard.PressAsync("ArrowRight");
        int next = manifest.PeakStep!.Index + 1;
        await page.WaitForAsync($"document.getElementById('h-live').textContent === 'What is live at step {next + 1}'");
        // What the page sums up at another step is what the manifest's profile says.
        StringAssert.Contains(await page.TextAsync("#live-lead"), $"{manifest.Profile[next]} bytes");
        Assert.AreEqual(
            manifest.Tensors.Count(t => t.FirstStep <= next && next <= t.LastStep), await page.NumberAsync("document.querySelectorAll('#live tbody tr').length"));
        StringAssert.Contains(await page.EvaluateAsync("document.getElementById('slider').getAttribute('aria-valuetext')"), $"step {next + 1} of 120");
        Assert.AreNotEqual("none", await page.EvaluateAsync("getComputedStyle(document.activeElement).outlineStyle"), "The focus is seen.");
        await TabToAsync(page, "to-peak");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.WaitForAsync("document.getElementById('h-live').textContent === 'What is live at the peak'");
        await TabToAsync(page, "from");
        await page.Page.Keyboard.PressAsync("ArrowUp");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.WaitForAsync("document.querySelector('#map .shapes').getAttribute('viewBox').startsWith('1 0 119 ')");
        // A step that does not exist is put back.
        await page.EvaluateAsync("(i => { i.value = 'x'; i.dispatchEvent(new Event('change')); })(document.getElementById('step'))");
        Assert.AreEqual(FormattableString.Invariant($"{manifest.PeakStep.Index + 1}"), await page.EvaluateAsync("document.getElementById('step').value"));
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task The_list_is_folded_filters_the_map_and_draws_only_what_is_seen()
    {
        MemoryManifest manifest = SyntheticManifest.Create(2000, Executor.StaticArena, 1 << 20);
        await using BrowserPage page = await OpenAsync(manifest);
        Assert.AreEqual(0, await page.NumberAsync("document.querySelectorAll('#rows .row').length"), "Folded.");
        await page.EvaluateAsync("document.getElementById('list').open = true");
        await page.WaitForAsync("document.querySelectorAll('#rows .row').length > 0");
        Assert.AreEqual("4001 in all", await page.TextAsync("#found"));
        Assert.AreEqual("4001", await page.EvaluateAsync("document.querySelector('#rows .table').getAttribute('aria-rowcount')"));
        Assert.IsLessThan(60, await page.NumberAsync("document.querySelectorAll('#rows .row').length"));
        await page.EvaluateAsync("document.getElementById('rows').scrollTop = 1e9");
        await page.WaitForAsync("[...document.querySelectorAll('#rows .row')].at(-1).getAttribute('aria-rowindex') === '4001'");
        await page.Page.TypeAsync("#query", "cell_30/op_4");
        await page.WaitForAsync("document.getElementById('found').textContent.startsWith('2 of 4001')");
        Assert.AreEqual(1, await page.NumberAsync("document.querySelectorAll('#map [data-t]:not(.off)').length"), "The tensor it makes.");
        await page.Page.FocusAsync("#rows .row a");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.WaitForAsync("document.getElementById('step').value === '245'");
        await page.Page.SelectAsync("#kind", "live");
        await page.EvaluateAsync("(q => { q.value = ''; q.dispatchEvent(new Event('input')); })(document.getElementById('query'))");
        int live = manifest.Tensors.Count(t => t.FirstStep <= 244 && 244 <= t.LastStep);
        await page.WaitForAsync($"document.getElementById('found').textContent.startsWith('{live} of 4001')");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task The_graph_shows_who_made_what_is_live_and_who_reads_it()
    {
        MemoryManifest manifest = SyntheticManifest.Create(60, Executor.OnnxRuntime);
        await using BrowserPage page = await OpenAsync(manifest, hash: "#step=31");
        await page.EvaluateAsync("document.getElementById('graph').scrollIntoView()");
        await page.WaitForAsync("document.querySelectorAll('#graph .box').length > 2");
        string boxes = await page.TextAsync("#graph svg");
        foreach (TensorFacts tensor in manifest.Tensors.Where(t => t.Role == TensorRole.Activation && t.FirstStep <= 30 && 30 <= t.LastStep))
            StringAssert.Contains(boxes, FormattableString.Invariant($", step {tensor.Writers![0] + 1}"));
        Assert.AreEqual(1, await page.NumberAsync("document.querySelectorAll('#graph .now').length"));
        await page.EvaluateAsync("document.querySelector('#graph .box:not(.now)').focus()");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.WaitForAsync("document.getElementById('step').value !== '31'");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task Before_and_after_stand_side_by_side_at_one_scale()
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(60, Executor.OnnxRuntime, 1 << 20));
        await page.Page.ClickAsync("#side");
        await page.WaitForAsync("!document.getElementById('beside').hidden && document.getElementById('profile').hidden");
        Assert.AreEqual(await page.EvaluateAsync("document.getElementById('before-plot').dataset.top"), await page.EvaluateAsync("document.getElementById('after-plot').dataset.top"));
        double[] before = await page.BoxAsync("#before-plot .frame"), after = await page.BoxAsync("#after-plot .frame");
        Assert.AreEqual(before[1], after[1], 1, "Beside each other.");
        await page.Page.ClickAsync("#side");
        await page.WaitForAsync("document.getElementById('beside').hidden");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task Without_scripts_pictures_and_figures_are_there_and_controls_are_not()
    {
        await using BrowserPage page = await Started().OpenAsync(HtmlReport.Render(SyntheticManifest.Create(60, Executor.OnnxRuntime, 1 << 20)), scripts: false);
        foreach (string picture in (string[])["#profile .frame", "#map .frame"])
        {
            IElementHandle element = await page.Page.QuerySelectorAsync(picture);
            BoundingBox box = await element.BoundingBoxAsync();
            Assert.IsGreaterThan(800, (double)box.Width, picture);
        }
        Assert.IsNull(await (await page.Page.QuerySelectorAsync("#slider")).BoundingBoxAsync());
        Assert.IsNull(await (await page.Page.QuerySelectorAsync("#graph")).BoundingBoxAsync());
        Assert.IsNotNull(await (await page.Page.QuerySelectorAsync("#live table")).BoundingBoxAsync());
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    [TestMethod]
    public async Task On_paper_there_are_pictures_and_tables_and_no_controls()
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(60, Executor.OnnxRuntime, 1 << 20));
        await page.Page.EmulateMediaTypeAsync(MediaType.Print);
        Assert.AreEqual("none", await page.EvaluateAsync("getComputedStyle(document.getElementById('slider').parentNode.parentNode).display"));
        Assert.AreEqual("none", await page.EvaluateAsync("getComputedStyle(document.getElementById('list')).display"));
        Assert.IsGreaterThan(400, (await page.BoxAsync("#map .frame"))[2]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_phone_shows_cards_and_no_page_without_end(bool dark)
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(3000, Executor.OnnxRuntime, 1 << 20), width: 390, dark: dark);
        Assert.AreEqual(390, await page.NumberAsync("document.documentElement.scrollWidth"), "Nothing is wider than the window.");
        Assert.IsLessThan(8_000, await page.NumberAsync("document.documentElement.scrollHeight"));
        Assert.AreEqual("block", await page.EvaluateAsync("getComputedStyle(document.querySelector('#live td')).display"));
        Assert.AreEqual("\"Bytes: \"", await page.EvaluateAsync("getComputedStyle(document.querySelector('#live td.num'), '::before').content"));
    }

    [TestMethod]
    public async Task A_hostile_name_does_not_run_and_the_policy_is_in_force()
    {
        const string Attack = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
        MemoryManifest manifest = SyntheticManifest.Create(30, Executor.OnnxRuntime, nodeName: step => $"{Attack}{step}");
        await using BrowserPage page = await OpenAsync(manifest, dark: true, hash: $"#step=4&tensor={Uri.EscapeDataString(Attack)}3_output_0");
        await page.EvaluateAsync("document.getElementById('list').open = true");
        await page.WaitForAsync("document.querySelectorAll('#rows .row').length > 0 && document.querySelectorAll('#live tr').length > 0");
        Assert.AreNotEqual("owned", await page.EvaluateAsync("document.title"));
        Assert.AreEqual("0", await page.EvaluateAsync("document.images.length"));
        Assert.AreEqual("2", await page.EvaluateAsync("document.scripts.length"));
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));

        // An injection that got past the escaping would still meet the policy: an inline script and a string as markup are refused.
        await page.EvaluateAsync("(s => { try { s.textContent = 'document.title = \"owned\"'; document.body.append(s); } catch { } })(document.createElement('script'))");
        Assert.AreNotEqual("owned", await page.EvaluateAsync("document.title"));
        Assert.AreEqual("refused", await page.EvaluateAsync("(() => { try { document.body.innerHTML = '<p>x'; return 'taken'; } catch { return 'refused'; } })()"));
    }

    [TestMethod]
    public async Task The_theme_follows_the_system_and_the_button()
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(10, Executor.OnnxRuntime), dark: true);
        const string Background = "getComputedStyle(document.body).backgroundColor";
        Assert.AreEqual("rgb(14, 19, 25)", await page.EvaluateAsync(Background));
        await page.Page.ClickAsync("#theme");
        Assert.AreEqual("rgb(246, 247, 249)", await page.EvaluateAsync(Background));
        await page.Page.ClickAsync("#theme");
        Assert.AreEqual("rgb(14, 19, 25)", await page.EvaluateAsync(Background));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public async Task A_model_of_almost_nothing_works(int operators)
    {
        await using BrowserPage page = await OpenAsync(SyntheticManifest.Create(operators, Executor.OnnxRuntime).With(operatorTypes: []) with { OriginalProfile = [] });
        await page.EvaluateAsync("(() => { document.getElementById('list').open = true; for (const b of document.querySelectorAll('button')) b.click(); })()");
        await page.WaitForAsync("document.querySelectorAll('#rows .row').length > 0");
        Assert.IsEmpty(page.Complaints, string.Join('\n', page.Complaints));
    }

    internal static async Task DragAsync(BrowserPage page, double from, double to, double y)
    {
        IMouse mouse = page.Page.Mouse;
        await mouse.MoveAsync((decimal)from, (decimal)y);
        await mouse.DownAsync();
        await mouse.MoveAsync((decimal)to, (decimal)y, new MoveOptions { Steps = 6 });
        await mouse.UpAsync();
        await page.WaitForAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
    }

    private static async Task TabToAsync(BrowserPage page, string id)
    {
        for (int i = 0; i < 60; i++)
        {
            if (await page.EvaluateAsync("document.activeElement.id") == id)
                return;
            await page.Page.Keyboard.PressAsync("Tab");
        }
        Assert.Fail($"Tab does not come to {id}.");
    }

    private static Browser Started()
    {
        if (_browser is null)
            Assert.Inconclusive(Browser.Missing);
        return _browser!;
    }

    private static Task<BrowserPage> OpenAsync(MemoryManifest manifest, int width = 1280, bool dark = false, string hash = "") => Started().OpenAsync(HtmlReport.Render(manifest), width, dark, hash);
}
