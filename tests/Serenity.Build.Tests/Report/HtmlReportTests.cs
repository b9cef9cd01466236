using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Report;

/// <summary>The report's text, without a browser.</summary>
[TestClass]
public sealed partial class HtmlReportTests
{
    private const string Attack = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u202e\u2066{{data}}\u0000'\"&";

    [TestMethod]
    public void The_same_manifest_gives_the_same_bytes()
    {
        MemoryManifest manifest = SyntheticManifest.Create(60, Executor.StaticArena, 1 << 20);
        Assert.AreEqual(HtmlReport.Render(manifest), HtmlReport.Render(SyntheticManifest.Create(60, Executor.StaticArena, 1 << 20)));
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Nothing_is_loaded_from_anywhere(Executor executor)
    {
        // Names of XML's vocabularies are no addresses.
        string html = HtmlReport.Render(SyntheticManifest.Create(40, executor)).Replace("http://www.w3.org/", "", StringComparison.Ordinal);
        StringAssert.Contains(html, "default-src 'none'");
        Assert.IsFalse(Reference().IsMatch(html), "A reference to another file: " + Reference().Match(html).Value);
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void The_page_s_data_are_the_manifest_s(Executor executor)
    {
        MemoryManifest manifest = SyntheticManifest.Create(80, executor, 1 << 20);
        using JsonDocument document = Data(HtmlReport.Render(manifest));
        JsonElement data = document.RootElement, tensors = data.GetProperty("tensors");
        CollectionAssert.AreEqual(manifest.Schedule.ToArray(), Texts(data, "nodes"));
        string[] operators = Texts(data, "ops");
        CollectionAssert.AreEqual(manifest.OperatorTypes.ToArray(), Numbers(data, "op").Select(op => operators[op]).ToArray());
        CollectionAssert.AreEqual(manifest.Profile.ToArray(), Numbers(data, "after"));
        CollectionAssert.AreEqual(manifest.OriginalProfile.ToArray(), Numbers(data, "before"));
        Assert.AreEqual(manifest.PeakStep!.Index, data.GetProperty("peakStep").GetInt32());
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => t.Name).ToArray(), Texts(tensors, "name"));
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => t.Bytes).ToArray(), Numbers(tensors, "bytes"));
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => (long)t.FirstStep).ToArray(), Numbers(tensors, "first"));
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => (long)t.LastStep).ToArray(), Numbers(tensors, "last"));
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => (long)(t.Role switch { TensorRole.Input => 1, TensorRole.Output => 2, _ => 0 })).ToArray(), Numbers(tensors, "role"));
        string[] types = Texts(tensors, "types");
        CollectionAssert.AreEqual(manifest.Tensors.Select(t => t.Type).ToArray(), Numbers(tensors, "type").Select(type => types[type]).ToArray());
        Assert.AreEqual(executor == Executor.StaticArena, tensors.TryGetProperty("offset", out JsonElement offsets));
        if (executor == Executor.StaticArena)
            CollectionAssert.AreEqual(manifest.Tensors.Select(t => t.Offset!.Value).ToArray(), offsets.EnumerateArray().Select(o => o.GetInt64()).ToArray());
        foreach ((string name, Func<TensorFacts, IReadOnlyList<int>?> of) in ((string, Func<TensorFacts, IReadOnlyList<int>?>)[])[("writers", t => t.Writers), ("readers", t => t.Readers)])
            CollectionAssert.AreEqual(manifest.Tensors.Select(t => string.Join(' ', of(t)!)).ToArray(), tensors.GetProperty(name).EnumerateArray()
                .Select(row => string.Join(' ', row.EnumerateArray().Select(v => v.GetInt32()))).ToArray());

        static string[] Texts(JsonElement owner, string name) => [.. owner.GetProperty(name).EnumerateArray().Select(v => v.GetString()!)];
        static long[] Numbers(JsonElement owner, string name) => [.. owner.GetProperty(name).EnumerateArray().Select(v => v.GetInt64())];
    }

    [TestMethod]
    public void The_figures_are_readable_without_scripts()
    {
        MemoryManifest manifest = SyntheticManifest.Create(40, Executor.StaticArena, 100);
        string html = HtmlReport.Render(manifest);
        string still = html[..html.IndexOf("<script", StringComparison.Ordinal)];
        StringAssert.Contains(still, "over budget");
        StringAssert.Contains(still, manifest.Peak.Bytes.ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
        foreach (LiveTensor live in manifest.PeakStep!.Live)
            StringAssert.Contains(still, $"<bdi class=\"name\">{live.Tensor}</bdi>");
        StringAssert.Contains(still, "ChannelPartition");
    }

    [TestMethod]
    public void A_hostile_name_stays_text()
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, Executor.StaticArena, nodeName: step => step == 3 ? Attack : $"n{step}");
        manifest = manifest with
        {
            Source = new FileInfoEntry(Attack, Attack),
            Tool = new ToolInfo(Attack, Attack),
            Rewrites = [new AppliedRewrite(Attack, [Attack], true, 1)],
            Warnings = [new WarningEntry(Attack, Attack)],
            Program = ExecutionProgram.Of(manifest.Schedule, [.. manifest.Schedule.Select(_ => Attack)], [.. manifest.Tensors.Select(t => t with { Type = Attack })]),
            PeakStep = manifest.PeakStep! with { Node = Attack, Live = [new LiveTensor(Attack, 4)] },
        };
        string html = HtmlReport.Render(manifest);
        string ours = html.Replace(HtmlReport.Asset("report.js"), "", StringComparison.Ordinal);
        Assert.HasCount(2, Tag("script").Matches(ours), "The data block and the page's own script, and no other.");
        foreach (string forbidden in new[] { "<img", "\u202e", "\u2066", "\u0000" })
            Assert.IsFalse(html.Contains(forbidden, StringComparison.Ordinal), $"'{forbidden}' stands in the page.");
        // The data still says the name, as text.
        using JsonDocument data = Data(html);
        StringAssert.Contains(data.RootElement.GetProperty("nodes")[3].GetString(), "</script><script>");
        StringAssert.Contains(data.RootElement.GetProperty("nodes")[3].GetString(), "{{data}}");
    }

    [TestMethod]
    public void The_policy_names_the_script_and_the_style_by_their_hashes()
    {
        string html = HtmlReport.Render(SyntheticManifest.Create(5, Executor.OnnxRuntime));
        string script = html[(html.LastIndexOf("<script>", StringComparison.Ordinal) + 8)..html.LastIndexOf("</script>", StringComparison.Ordinal)];
        string hash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        StringAssert.Contains(html, $"script-src 'sha256-{hash}'");
        Assert.DoesNotContain("unsafe", html[..html.IndexOf("<style>", StringComparison.Ordinal)]);
        Assert.DoesNotContain("*", html[html.IndexOf("default-src", StringComparison.Ordinal)..html.IndexOf("<style>", StringComparison.Ordinal)]);
    }

    [TestMethod]
    public void Five_thousand_operators_stay_below_three_megabytes()
    {
        // Names as long as exporters make them.
        string html = HtmlReport.Render(SyntheticManifest.Create(5000, Executor.StaticArena, 1 << 22, step =>
            $"/model/backbone/features/stage_{step / 40}/dense_block_{step / 8}/layers/{step % 8}/sequential/convolution_{step}/Conv_with_a_rather_long_name"));
        int bytes = Encoding.UTF8.GetByteCount(html);
        Assert.IsLessThan(3_000_000, bytes);
        using JsonDocument data = Data(html);
        Assert.AreEqual(5000, data.RootElement.GetProperty("nodes").GetArrayLength());
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void A_model_of_almost_nothing_has_a_report(int operators)
    {
        MemoryManifest manifest = SyntheticManifest.Create(operators, Executor.OnnxRuntime).With(operatorTypes: []) with { OriginalProfile = [] };
        using JsonDocument data = Data(HtmlReport.Render(manifest));
        Assert.AreEqual(operators - 1, data.RootElement.GetProperty("peakStep").GetInt32());
    }

    [TestMethod]
    public void What_is_not_a_tensor_at_the_peak_is_listed_too()
    {
        MemoryManifest manifest = SyntheticManifest.Create(20, Executor.OnnxRuntime);
        int peak = manifest.PeakStep!.Index;
        manifest = manifest with { Profile = [.. manifest.Profile.Select((bytes, step) => step == peak ? bytes + 2048 : bytes)] };
        StringAssert.Contains(HtmlReport.Render(manifest), "scratch and rounding</span></td><td class=\"num\" data-label=\"Bytes\" title=\"2,048 bytes\">2 KiB");
    }

    [TestMethod]
    public void A_buffer_that_is_held_for_reuse_says_for_whom()
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, Executor.OnnxRuntime);
        // The first activation's buffer is taken up again by the last but one.
        TensorFacts first = manifest.Tensors[1], last = manifest.Tensors[^2];
        BufferUses uses = new(manifest.With(
            tensors: [.. manifest.Tensors.Select((t, i) => i == 1 ? first with { LastStep = last.LastStep } : i == manifest.Program.Buffers.Count - 2 ? last with { AliasOf = first.Name } : t)]));
        ProgramBuffer owner = uses.Find(first.Name)!, again = uses.Find(last.Name)!;
        int lastRead = owner.Readers![^1], taken = again.Writers![0];
        CollectionAssert.AreEqual(owner.Readers.Where(r => r >= 1).ToArray(), uses.After(owner, 1).Readers.ToArray());
        Assert.AreEqual((0, (int?)taken, false), (uses.After(owner, lastRead + 1).Readers.Count, uses.After(owner, lastRead + 1).ReusedAt, uses.After(owner, lastRead + 1).Output));
        CollectionAssert.AreEqual(again.Readers!.ToArray(), uses.After(again, taken).Readers.ToArray());
        Assert.IsNull(uses.After(again, taken).ReusedAt);
    }

    /// <summary>A sum added up in place in an arena: the tensor that is named for the buffer is written by the last of its steps.</summary>
    [TestMethod]
    public void Made_by_names_no_step_that_is_still_to_come()
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, Executor.StaticArena);
        TensorFacts sum = new("sum", 4096, 0, 2, 9, TensorRole.Activation, null, null, "float[1024]", [7], [9]);
        TensorFacts first = sum with { Name = "first", LastStep = 5, AliasOf = "sum", Writers = [2], Readers = [5] };
        TensorFacts second = first with { Name = "second", FirstStep = 5, LastStep = 7, Writers = [5], Readers = [7] };
        manifest = manifest.With(tensors: [.. manifest.Tensors, sum, first, second]) with
        {
            PeakStep = new PeakStep(6, manifest.Schedule[6], [new LiveTensor("sum", 4096)]),
        };
        BufferUses uses = new(manifest);
        ProgramBuffer added = uses.Find("sum")!;
        Assert.IsNull(uses.WritersAt(added, 1));
        CollectionAssert.AreEqual((int[])[2], uses.WritersAt(added, 4)!.ToArray());
        CollectionAssert.AreEqual((int[])[5], uses.WritersAt(added, 6)!.ToArray());
        CollectionAssert.AreEqual((int[])[7], uses.WritersAt(added, 8)!.ToArray());
        Assert.IsEmpty(uses.WritersAt(uses.Buffers.First(), 0)!, "the caller");
        string html = HtmlReport.Render(manifest);
        string row = html[html.IndexOf("<bdi class=\"name\">sum</bdi>", html.IndexOf("id=\"live\"", StringComparison.Ordinal), StringComparison.Ordinal)..];
        row = row[..row.IndexOf("</tr>", StringComparison.Ordinal)];
        StringAssert.Contains(row, ">step 6</a>");
        StringAssert.Contains(row, ">step 8</a>", "the one that is still to read it");
        Assert.IsLessThan(row.IndexOf(">step 8<", StringComparison.Ordinal), row.IndexOf(">step 6<", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Who_reads_a_view_needs_its_parts()
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, Executor.StaticArena);
        TensorFacts part = manifest.Tensors[2];
        TensorFacts view = new("view", 64, 0, 4, 9, TensorRole.Activation, null, [part.Name], "float[16]", [4], [8, 9]);
        BufferUses uses = new(manifest.With(tensors: [.. manifest.Tensors, view, view with { Name = "view of view", Parts = ["view"], Readers = [11] }]));
        ProgramBuffer read = uses.Find(part.Name)!;
        CollectionAssert.AreEqual((int[])[8, 9, 11], uses.After(read, 6).Readers.ToArray());
        Assert.IsNull(uses.After(read, 10).ReusedAt);
        CollectionAssert.AreEqual((int[])[11], uses.After(read, 10).Readers.ToArray());
    }

    private static JsonDocument Data(string html)
    {
        const string Open = "<script type=\"application/json\" id=\"data\">";
        int at = html.IndexOf(Open, StringComparison.Ordinal) + Open.Length;
        return JsonDocument.Parse(html[at..html.IndexOf("</script>", at, StringComparison.Ordinal)]);
    }

    private static Regex Tag(string name) => new($"<{name}[\\s>]", RegexOptions.IgnoreCase);

    [GeneratedRegex("""\s(src|srcset|href|formaction)\s*=\s*["']?[^#"']|fetch\(|XMLHttpRequest|WebSocket|import\(|url\(|@import|https?://""", RegexOptions.IgnoreCase)]
    private static partial Regex Reference();
}
