using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Testing;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>What rewrites say of themselves: the search goes by it, and so does the documentation.</summary>
[TestClass]
public sealed class RewriteDescriptionTests
{
    private static readonly string[] _sums = ["SumReassociation", "AddAbsorption", "StackedSum"];

    private static readonly string[] _known =
    [
        "ChannelPartition", "KernelPartition", "ConcatSinking", "ConcatLifting", "MatMulPartition", "ChannelSplit", "StrideIntoSlice", "DuplicateMerging", "UnreadNodes",
        "UnreadOutputs", "CheapRecompute", .. _sums,
    ];

    /// <summary>Written down by hand: a kind that changes what it says of itself changes what is tried. What a new one changes, the next test tells.</summary>
    [TestMethod]
    public void Kinds_are_tried_together_and_without_what_may_hinder()
    {
        RewriteDescription[] known = [.. RewriteSequence.Descriptions.Where(d => _known.Contains(d.Kind))];
        Assert.HasCount(_known.Length, known);
        string[] free = [.. known.Select(d => d.Kind).Except(["ChannelSplit", "CheapRecompute"])];
        AssertCombinations(known,
            free,
            [.. free.Except(["DuplicateMerging"])],
            [.. free.Except(["DuplicateMerging"]), "CheapRecompute"],
            [.. free.Except(_sums)],
            [.. free.Except(["SumReassociation"])],
            _sums);
    }

    /// <summary>A new rewrite is tried with the others, and the others without it where it may hinder them; nothing else has to know it.</summary>
    [TestMethod]
    public void A_new_rewrite_finds_its_combinations()
    {
        RewriteDescription plain = new("A", RewriteSubject.Outputs, RewriteExactness.Always), large = new("B", RewriteSubject.Tensors, RewriteExactness.Never) { MayHinder = true },
            again = new("C", RewriteSubject.Tensors, RewriteExactness.Always) { RepeatsWork = true }, slices = new("D", RewriteSubject.Tensors, RewriteExactness.Always) { HasParameter = true };
        AssertCombinations([plain], ["A"]);
        AssertCombinations([plain, large, again, slices], ["A", "B"], ["A"], ["A", "C"]);
        AssertCombinations([plain, large, large with { Kind = "E", TakesAll = true }], ["A", "B", "E"], ["A"], ["A", "B"], ["B", "E"]);
    }

    [TestMethod]
    public void Every_kind_is_described_once_and_documented()
    {
        Assert.HasCount(Kinds.Length, Kinds.Distinct().ToArray());
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "rewrites.md"));
        Dictionary<string, string> rows = page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'), cells => cells[2], StringComparer.Ordinal);
        foreach (RewriteDescription rewrite in RewriteSequence.Descriptions)
        {
            RewriteExactness told = rows.GetValueOrDefault(rewrite.Kind) switch { "yes" => RewriteExactness.Always, "no" => RewriteExactness.Never, _ => RewriteExactness.BySite };
            Assert.Contains(rewrite.Kind, rows.Keys);
            Assert.AreEqual(rewrite.Exactness, told, rewrite.Kind);
            Assert.IsTrue(page.Split('\n').Any(line => line.StartsWith("### ", StringComparison.Ordinal) && line.Split(' ').Contains(rewrite.Kind)), rewrite.Kind);
        }
    }

    private static string[] Kinds => [.. RewriteSequence.Descriptions.Select(d => d.Kind)];

    private static void AssertCombinations(IReadOnlyList<RewriteDescription> rewrites, params string[][] expected)
    {
        KindChoice[] tried = [.. RewriteCombinations.Of(rewrites)];
        string[] Told(Func<string, bool> wanted) => [.. rewrites.Select(r => r.Kind).Where(wanted)];
        CollectionAssert.AreEqual(expected.Select(kinds => string.Join(' ', Told(kinds.Contains))).ToArray(), tried.Select(t => string.Join(' ', Told(t.MayWant))).ToArray());
    }
}
