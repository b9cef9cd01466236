using System.Globalization;
using System.Text;
using PuppeteerSharp.Input;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Testing.Browsing;

namespace Serenity.Benchmarks;

/// <summary>
/// <c>report</c>: how soon the page of a manifest is usable, how large it is, and how long its longest piece of script takes while the brush is dragged over all steps, as the page
/// itself counts them; each the median of five. Fails above one second, 3 MB and 16 ms.
/// </summary>
internal static class ReportBenchmark
{
    private const int Runs = 5, Moves = 60;

    public static int Run(string[] arguments)
    {
        if (arguments.Length == 0 || !Browser.IsThere)
        {
            Console.Error.WriteLine(arguments.Length == 0 ? "bench report: name one or more manifests (.memory.json)" : $"bench report: {Browser.Missing}");
            return 2;
        }
        return RunAsync(arguments).GetAwaiter().GetResult();
    }

    private static async Task<int> RunAsync(string[] manifests)
    {
        Console.WriteLine("| manifest | steps | tensors | page, bytes | usable after, ms | longest script while brushing, ms | frames |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|");
        bool good = true;
        await using Browser browser = await Browser.StartAsync();
        foreach (string path in manifests)
        {
            MemoryManifest manifest = ManifestJson.Read(await File.ReadAllBytesAsync(path), path);
            string html = HtmlReport.Render(manifest);
            int bytes = Encoding.UTF8.GetByteCount(html);
            List<double> ready = [], longest = [];
            int frames = 0;
            for (int run = 0; run < Runs; run++)
            {
                await using BrowserPage page = await browser.OpenAsync(html);
                ready.Add(await page.NumberAsync("document.documentElement.dataset.ready"));
                double[] box = await page.BoxAsync("#profile .frame");
                await page.EvaluateAsync("performance.clearMeasures()");
                decimal y = (decimal)(box[1] + (box[3] / 2));
                IMouse mouse = page.Page.Mouse;
                // A range is drawn from the left to the middle, and then taken along to the right.
                await mouse.MoveAsync((decimal)(box[0] + 2), y);
                await mouse.DownAsync();
                await mouse.MoveAsync((decimal)(box[0] + (box[2] / 2)), y, new MoveOptions { Steps = Moves });
                await mouse.UpAsync();
                await mouse.MoveAsync((decimal)(box[0] + (box[2] / 4)), y);
                await mouse.DownAsync();
                await mouse.MoveAsync((decimal)(box[0] + (box[2] * 0.7)), y, new MoveOptions { Steps = Moves });
                await mouse.UpAsync();
                longest.Add(await page.NumberAsync("Math.max(...performance.getEntriesByType('measure').map(m => m.duration))"));
                frames = (int)await page.NumberAsync("performance.getEntriesByType('measure').filter(m => m.name === 'serenity:frame').length");
                if (page.Complaints.Count > 0)
                    Console.Error.WriteLine(string.Join('\n', page.Complaints));
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {Path.GetFileName(path)} | {manifest.Schedule.Count} | {manifest.Tensors.Count} | {bytes} | {Median(ready):0} | {Median(longest):0.0} | {frames} |"));
            good &= bytes < 3_000_000 && Median(ready) <= 1000 && Median(longest) <= 16;
        }
        return good ? 0 : 1;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
