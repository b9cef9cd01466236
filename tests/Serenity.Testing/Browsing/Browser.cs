using System.Globalization;
using Deque.AxeCore.Commons;
using PuppeteerSharp;
using PuppeteerSharp.Media;

namespace Serenity.Testing.Browsing;

/// <summary>A headless Chromium, if there is one: the one that <c>SERENITY_BROWSER</c> names, which <c>./build.sh</c> finds or fetches.</summary>
public sealed class Browser : IAsyncDisposable
{
    private const string Variable = "SERENITY_BROWSER";

    private readonly IBrowser _browser;
    private readonly DirectoryInfo _folder;

    private Browser(IBrowser browser, DirectoryInfo folder)
    {
        _browser = browser;
        _folder = folder;
    }

    /// <summary>What to do where <see cref="IsThere"/> is false.</summary>
    public const string Missing = "No Chromium is known: './build.sh test' finds or fetches one, 'apt-get install chromium-headless-shell' installs one, or set SERENITY_BROWSER to its path.";

    /// <summary>Whether a browser is known.</summary>
    public static bool IsThere => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>Starts it.</summary>
    public static async Task<Browser> StartAsync()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-browser-");
        try
        {
            IBrowser browser = await Puppeteer.LaunchAsync(new LaunchOptions
            {
                ExecutablePath = Environment.GetEnvironmentVariable(Variable) ?? throw new InvalidOperationException(Missing),
                HeadlessMode = HeadlessMode.Shell,
                UserDataDir = Path.Combine(folder.FullName, "profile"),
                Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars"],
                Timeout = 600_000,
            }).ConfigureAwait(false);
            return new Browser(browser, folder);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Opens a page.</summary>
    /// <param name="html">Its text.</param>
    /// <param name="width">Width of the window.</param>
    /// <param name="dark">Whether the system is dark.</param>
    /// <param name="hash">What comes after the file's name in the address.</param>
    /// <param name="scripts">Whether scripts run.</param>
    public async Task<BrowserPage> OpenAsync(string html, int width = 1280, bool dark = false, string hash = "", bool scripts = true)
    {
        string file = Path.Combine(_folder.FullName, $"{Guid.NewGuid():N}.html");
        await File.WriteAllTextAsync(file, html).ConfigureAwait(false);
        IPage page = await _browser.NewPageAsync().ConfigureAwait(false);
        page.DefaultTimeout = 600_000;
        BrowserPage opened = new(page);
        await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = width > 600 ? 900 : 844 }).ConfigureAwait(false);
        await page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = dark ? "dark" : "light" }]).ConfigureAwait(false);
        await page.SetJavaScriptEnabledAsync(scripts).ConfigureAwait(false);
        await page.GoToAsync(new Uri(file).AbsoluteUri + hash).ConfigureAwait(false);
        if (scripts && html.Contains("dataset.ready", StringComparison.Ordinal))
            await page.WaitForExpressionAsync("!!document.documentElement.dataset.ready").ConfigureAwait(false);
        return opened;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync().ConfigureAwait(false);
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A child of the browser may hold a file a moment longer; the folder is a temporary one.
        }
    }
}

/// <summary>A page in a browser.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    internal BrowserPage(IPage page)
    {
        Page = page;
        page.PageError += (_, e) => Complaints.Add(e.Message);
        page.Console += (_, e) =>
        {
            if (e.Message.Type is ConsoleType.Error or ConsoleType.Assert)
                Complaints.Add(e.Message.Text);
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Everything the page complained about: uncaught errors, console errors, violations of its security policy.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>The value of a JavaScript expression in the page, as text.</summary>
    public async Task<string> EvaluateAsync(string expression) =>
        await Page.EvaluateExpressionAsync<string>($"String({expression})").ConfigureAwait(false);

    /// <summary>The value of a JavaScript expression that is a number.</summary>
    public async Task<double> NumberAsync(string expression) => double.Parse(await EvaluateAsync(expression).ConfigureAwait(false), CultureInfo.InvariantCulture);

    /// <summary>Waits until an expression is true in the page.</summary>
    public Task WaitForAsync(string expression) => Page.WaitForExpressionAsync(expression);

    /// <summary>The text of an element.</summary>
    public Task<string> TextAsync(string selector) => EvaluateAsync($"document.querySelector({System.Text.Json.JsonSerializer.Serialize(selector)}).textContent");

    /// <summary>Place and size of an element in the window, which it is brought into: left, top, width, height.</summary>
    public async Task<double[]> BoxAsync(string selector)
    {
        string quoted = System.Text.Json.JsonSerializer.Serialize(selector);
        string box = await EvaluateAsync($"(e => {{ e.scrollIntoView({{ block: 'center' }}); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height].join(); }})(document.querySelector({quoted}))").ConfigureAwait(false);
        return [.. box.Split(',').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
    }

    /// <summary>What axe-core finds against the page as it stands, a line each.</summary>
    public async Task<string[]> AxeAsync()
    {
        await Page.EvaluateExpressionAsync<object?>(new BundledAxeScriptProvider().GetScript() + ";null").ConfigureAwait(false);
        return await Page.EvaluateExpressionAsync<string[]>(
            "axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations.flatMap(v => v.nodes.map(n => `${v.impact} ${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`)))").ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Page.DisposeAsync().ConfigureAwait(false);
}
