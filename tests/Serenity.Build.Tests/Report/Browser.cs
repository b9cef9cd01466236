using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Serenity.Build.Tests.Report;

/// <summary>
/// A headless Chromium with one page open, spoken to over its DevTools protocol. Tests that need one are inconclusive, and so counted
/// as skipped, on machines without it.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private int _lastId;

    private Browser(Process process, string profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Everything the page complained about: uncaught errors, console errors, violations of its security policy.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Starts a browser and opens a file in it.</summary>
    public static async Task<Browser> OpenAsync(string htmlFile, bool dark, CancellationToken cancellation)
    {
        string? program = Environment.GetEnvironmentVariable("SERENITY_BROWSER");
        if (program is null)
            Assert.Inconclusive("No Chromium is known; './build.sh test' finds or fetches one, or set SERENITY_BROWSER to its path.");
        string profile = Directory.CreateTempSubdirectory("serenity-browser-").FullName;
        ProcessStartInfo start = new(program!)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in new[]
        {
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
            "--disable-background-networking", "--hide-scrollbars", "--window-size=1280,1000", "--remote-debugging-port=0",
            $"--user-data-dir={profile}", $"--blink-settings=preferredColorScheme={(dark ? 0 : 1)}", "about:blank",
        })
            start.ArgumentList.Add(argument);
        // What it leaves behind when it is killed goes with the profile.
        start.Environment["TMPDIR"] = profile;
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        Browser browser = new(process, profile);
        try
        {
            await browser.ConnectAsync(cancellation);
            await browser.SendAsync("Runtime.enable", null, cancellation);
            await browser.SendAsync("Log.enable", null, cancellation);
            await browser.SendAsync("Page.enable", null, cancellation);
            await browser.SendAsync("Page.navigate", new JsonObject { ["url"] = new Uri(htmlFile).AbsoluteUri }, cancellation);
            await browser.WaitForAsync("document.readyState === 'complete'", cancellation);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>The value of a JavaScript expression in the page, as text.</summary>
    public async Task<string> EvaluateAsync(string expression, CancellationToken cancellation)
    {
        JsonNode answer = await SendAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true }, cancellation);
        JsonNode result = answer["result"]!;
        Assert.IsNull(answer["exceptionDetails"], $"{expression}: {answer["exceptionDetails"]?.ToJsonString()}");
        return result["value"]?.ToString() ?? "";
    }

    /// <summary>Presses and releases a key.</summary>
    public async Task PressAsync(string key, CancellationToken cancellation)
    {
        foreach (string type in new[] { "keyDown", "keyUp" })
        {
            JsonObject parameters = new() { ["type"] = type, ["key"] = key };
            if (type == "keyDown" && key.Length == 1)
                parameters["text"] = key;
            await SendAsync("Input.dispatchKeyEvent", parameters, cancellation);
        }
    }

    /// <summary>Moves the pointer, or presses or releases its button there.</summary>
    public Task PointAsync(string type, double x, double y, CancellationToken cancellation) => SendAsync("Input.dispatchMouseEvent", new JsonObject
    {
        ["type"] = type,
        ["x"] = x,
        ["y"] = y,
        ["button"] = type == "mouseMoved" ? "none" : "left",
        ["clickCount"] = type == "mouseMoved" ? 0 : 1,
    }, cancellation);

    /// <summary>A PNG of the whole page.</summary>
    public async Task<byte[]> ScreenshotAsync(CancellationToken cancellation)
    {
        JsonNode answer = await SendAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true }, cancellation);
        return Convert.FromBase64String(answer["data"]!.GetValue<string>());
    }

    /// <summary>Waits until an expression is true in the page.</summary>
    public async Task WaitForAsync(string expression, CancellationToken cancellation)
    {
        while (await EvaluateAsync(expression, cancellation) != "true")
            await Task.Delay(20, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        try
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // Already gone.
        }
        _process.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A child of the browser may hold a file a moment longer; the folder is a temporary one.
        }
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        // The browser writes the port it chose here, and the path of its own endpoint below.
        string portFile = Path.Combine(_profile, "DevToolsActivePort");
        string[] lines;
        while (!File.Exists(portFile) || (lines = await File.ReadAllLinesAsync(portFile, cancellation)).Length < 2)
        {
            Assert.IsFalse(_process.HasExited, "The browser ended before it could be spoken to.");
            await Task.Delay(50, cancellation);
        }
        int port = int.Parse(lines[0], CultureInfo.InvariantCulture);
        using HttpClient http = new();
        JsonArray pages = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json/list"), cancellation))!.AsArray();
        string address = pages.First(page => page!["type"]!.GetValue<string>() == "page")!["webSocketDebuggerUrl"]!.GetValue<string>();
        await _socket.ConnectAsync(new Uri(address), cancellation);
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject? parameters, CancellationToken cancellation)
    {
        int id = ++_lastId;
        JsonObject message = new() { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, cancellation);
        while (true)
        {
            JsonNode answer = await ReceiveAsync(cancellation);
            if (answer["id"]?.GetValue<int>() == id)
            {
                Assert.IsNull(answer["error"], $"{method}: {answer["error"]?.ToJsonString()}");
                return answer["result"]!;
            }
            Note(answer);
        }
    }

    private void Note(JsonNode message)
    {
        string method = message["method"]?.GetValue<string>() ?? "";
        if (method == "Runtime.exceptionThrown")
            Complaints.Add(message["params"]!["exceptionDetails"]!.ToJsonString());
        else if (method == "Log.entryAdded" && message["params"]!["entry"]!["level"]!.GetValue<string>() == "error")
            Complaints.Add(message["params"]!["entry"]!["text"]!.GetValue<string>());
        else if (method == "Runtime.consoleAPICalled" && message["params"]!["type"]!.GetValue<string>() is "error" or "assert")
            Complaints.Add(message["params"]!.ToJsonString());
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken cancellation)
    {
        using MemoryStream text = new();
        byte[] buffer = new byte[64 * 1024];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer), cancellation);
            text.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(text.ToArray())!;
    }
}
