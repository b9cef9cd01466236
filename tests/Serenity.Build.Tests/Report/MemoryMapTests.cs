using System.Globalization;
using System.Text.RegularExpressions;
using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Report;

/// <summary>The pictures are true to the figures.</summary>
[TestClass]
public sealed partial class MemoryMapTests
{
    [TestMethod]
    public void At_every_step_the_heights_add_up_to_what_is_allocated_and_the_highest_is_the_peak()
    {
        foreach (MemoryManifest manifest in (MemoryManifest[])[SyntheticManifest.Create(300, Executor.OnnxRuntime), RichManifest.Create(null), .. Enumerable.Range(0, 40).Select(Random)])
        {
            MemoryMap map = new(manifest);
            Assert.AreEqual(manifest.Peak.Bytes, map.Top);
            for (int step = 0; step < manifest.Profile.Count; step++)
            {
                // Rectangles of one buffer lie over each other; what is covered counts once.
                (long From, long To)[] covered = [.. map.Shapes.SelectMany(s => s.Pieces).Where(p => p.From <= step && step < p.To).Select(p => (p.At, p.At + p.Bytes)).Order()];
                long at = 0;
                foreach ((long from, long to) in covered)
                {
                    Assert.IsLessThanOrEqualTo(at, from, $"There is a gap at step {step}.");
                    at = Math.Max(at, to);
                }
                Assert.AreEqual(manifest.Profile[step], at, $"step {step}");
            }
        }
    }

    [TestMethod]
    public void A_tensor_is_drawn_as_long_and_as_high_as_it_is()
    {
        MemoryManifest manifest = SyntheticManifest.Create(120, Executor.OnnxRuntime);
        MemoryMap map = new(manifest);
        IReadOnlyList<TensorFacts> tensors = manifest.Tensors;
        foreach (MapShape shape in map.Shapes)
        {
            TensorFacts tensor = tensors[shape.Tensor];
            Assert.AreEqual(tensor.FirstStep, shape.Pieces[0].From);
            Assert.AreEqual(tensor.LastStep + 1, shape.Pieces[^1].To);
            Assert.IsTrue(shape.Pieces.All(p => p.Bytes == tensor.Bytes));
        }
        Assert.HasCount(manifest.Tensors.Count(t => t.Role != TensorRole.Input), map.Shapes);
    }

    [TestMethod]
    public void In_an_arena_every_tensor_lies_at_its_offset()
    {
        MemoryManifest manifest = SyntheticManifest.Create(120, Executor.StaticArena);
        MemoryMap map = new(manifest);
        Assert.AreEqual(manifest.Peak.Bytes, map.Top);
        Assert.HasCount(manifest.Tensors.Count, map.Shapes);
        IReadOnlyList<TensorFacts> tensors = manifest.Tensors;
        foreach (MapShape shape in map.Shapes)
        {
            TensorFacts tensor = tensors[shape.Tensor];
            Assert.AreEqual(new MapPiece(tensor.FirstStep, tensor.LastStep + 1, tensor.Offset!.Value, tensor.Bytes), shape.Pieces.Single());
        }
    }

    [TestMethod]
    public void Of_several_memories_each_draws_what_lies_in_it_at_its_offset_and_a_tensor_that_moves_in_both()
    {
        MemoryManifest manifest = LevelsManifest.Create();
        IReadOnlyList<TensorFacts> tensors = manifest.Tensors;
        TensorFacts moving = tensors[LevelsManifest.Moving];
        foreach (UsedMemory memory in manifest.Memories!.Memories)
        {
            MemoryMap map = MemoryMap.Of(manifest, memory);
            // Its size is in the picture, unless that would make all else too small to see.
            Assert.AreEqual(memory.Name == "DTCM" ? memory.Bytes : memory.UsedBytes, map.Top);
            Assert.IsTrue(map.Shapes.SelectMany(s => s.Pieces).All(p => p.At >= 0 && p.At + p.Bytes <= memory.UsedBytes));
            List<(int, MapPiece)> expected = [];
            for (int index = 0; index < tensors.Count; index++)
            {
                TensorFacts tensor = tensors[index];
                int end = tensor.Move?.Step ?? tensor.LastStep + 1;
                if (tensor.Memory == memory.Name)
                    expected.Add((index, new MapPiece(tensor.FirstStep, end, tensor.Offset!.Value, tensor.Bytes)));
                if (tensor.Move is { } move && move.Memory == memory.Name)
                    expected.Add((index, new MapPiece(end, tensor.LastStep + 1, move.Offset, tensor.Bytes)));
            }
            CollectionAssert.AreEquivalent(expected, map.Shapes.Where(s => s.Tensor >= 0).SelectMany(s => s.Pieces.Select(p => (s.Tensor, p))).ToArray(), memory.Name);
            // Weights that touch are one, all the time.
            (long, long)[] weights = [.. map.Shapes.Where(s => s.Kind == MapShapeKind.Weight).SelectMany(s => s.Pieces).Select(p => (p.At, p.Bytes))];
            CollectionAssert.AreEqual(memory.Name switch { "FLASH" => [(0, 3000)], "SDRAM" => [(memory.UsedBytes - 5000, 3000), (memory.UsedBytes - 1000, 1000)], _ => ((long, long)[])[] }, weights);
        }
        Assert.IsGreaterThan(moving.FirstStep, moving.Move!.Step);
    }

    [TestMethod]
    public void What_nobody_needs_shows_as_held()
    {
        MemoryManifest manifest = RichManifest.Create(null);
        MemoryMap map = new(manifest);
        MapShape held = map.Shapes.Single(s => s.Kind == MapShapeKind.Held), first = map.Shapes.Single(s => s.Tensor == 2 && s.Kind == MapShapeKind.Activation);
        Assert.AreEqual(manifest.Tensors[2].Readers![^1] + 1, first.Pieces[^1].To, "Up to its last reader.");
        Assert.AreEqual(manifest.Tensors[30].LastStep + 1, held.Pieces[^1].To, "The buffer's whole life.");
        Assert.AreEqual(2048, map.Shapes.Single(s => s.Kind == MapShapeKind.Scratch).Pieces.Single().Bytes);
    }

    /// <summary>A sum added up in place: who shows is who is in the buffer.</summary>
    [TestMethod]
    public void Parts_of_a_sum_take_turns()
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, Executor.StaticArena);
        TensorFacts sum = new("sum", 4096, 0, 2, 9, TensorRole.Activation, null, null, "float[1024]", [7], [9]);
        TensorFacts first = sum with { Name = "first", LastStep = 5, AliasOf = "sum", Writers = [2], Readers = [5] };
        TensorFacts second = first with { Name = "second", FirstStep = 5, LastStep = 7, Writers = [5], Readers = [7] };
        manifest = manifest.With(tensors: [.. manifest.Tensors, sum, first, second]);
        MemoryMap map = new(manifest);
        (int, int) Of(string name) => map.Shapes.Single(s => manifest.Program.Buffers[s.Tensor].Name == name).Pieces is var pieces ? (pieces[0].From, pieces[^1].To) : default;
        Assert.AreEqual(((2, 5), (5, 7), (7, 10)), (Of("first"), Of("second"), Of("sum")));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(36)]
    [DataRow(617)]
    [DataRow(5000)]
    public void An_axis_of_steps_begins_at_one(int steps)
    {
        int[] ticks = [.. PlotScale.OfSteps(steps)];
        Assert.AreEqual(1, ticks[0]);
        Assert.IsLessThanOrEqualTo(8, ticks.Length);
        Assert.IsLessThanOrEqualTo(steps, ticks[^1]);
        CollectionAssert.AreEqual(ticks.Order().Distinct().ToArray(), ticks);
    }

    [TestMethod]
    [DataRow(1L)]
    [DataRow(652_288L)]
    [DataRow(long.MaxValue)]
    public void An_axis_of_bytes_begins_at_nothing_and_is_round(long top)
    {
        long[] ticks = [.. PlotScale.OfBytes(top).Take(100)];
        Assert.AreEqual(0, ticks[0]);
        Assert.IsLessThanOrEqualTo(8, ticks.Length);
        Assert.IsTrue(ticks.Skip(1).All(t => long.IsPow2(ticks[1]) && t % ticks[1] == 0 && t <= top));
    }

    [TestMethod]
    public void The_curve_is_the_profile()
    {
        MemoryManifest manifest = SyntheticManifest.Create(200, Executor.OnnxRuntime);
        string html = HtmlReport.Render(manifest);
        long top = long.Parse(Regex.Match(html, "id=\"profile\" data-top=\"(\\d+)\"").Groups[1].Value, CultureInfo.InvariantCulture);
        string path = Regex.Match(html, "<path class=\"after\" d=\"([^\"]*)\"").Groups[1].Value;
        double[] heights = new double[manifest.Profile.Count];
        int from = 0;
        double height = 0;
        foreach (Match move in Moves().Matches(path))
        {
            int to = int.Parse(move.Groups[1].Value, CultureInfo.InvariantCulture);
            Array.Fill(heights, height, from, to - from);
            (from, height) = (to, 2000 - double.Parse(move.Groups[2].Value, CultureInfo.InvariantCulture));
        }
        for (int step = 0; step < heights.Length; step++)
            Assert.AreEqual(2000.0 * manifest.Profile[step] / top, heights[step], 0.51, $"step {step}");
    }

    [TestMethod]
    [DataRow(2.0, 0.0, "is above ↑")]
    [DataRow(0.5, 0.0, null)]
    [DataRow(1.2, 0.3, null)]
    [DataRow(0.3, 0.4, "is below ↓")]
    public void The_budget_is_in_sight_or_said_to_lie_outside(double budget, double workspace, string? outside)
    {
        MemoryManifest manifest = SyntheticManifest.Create(60, Executor.OnnxRuntime);
        long top = new MemoryMap(manifest).Top;
        manifest = manifest with { Peak = manifest.Peak with { WorkspaceBytes = (long)(workspace * top) }, Budget = new BudgetEntry((long)(budget * top), BudgetVerdict.Pass) };
        string mark = BudgetMark.Of(manifest, top);
        Assert.AreEqual(outside is null, mark.Contains("<line", StringComparison.Ordinal), mark);
        StringAssert.Contains(mark, outside ?? $"budget {Serenity.Build.Text.ByteSize.Rounded((long)(budget * top))}");
        Assert.AreEqual("", BudgetMark.Of(manifest with { Budget = new BudgetEntry(null, BudgetVerdict.None) }, top));
    }

    /// <summary>Lifetimes, sizes and sharing at random, with the profile that they make.</summary>
    private static MemoryManifest Random(int seed)
    {
        Random random = new(seed);
        int steps = random.Next(1, 40);
        MemoryManifest plain = SyntheticManifest.Create(steps, Executor.OnnxRuntime);
        List<TensorFacts> tensors = [];
        long[] profile = new long[steps];
        for (int i = 0; i < random.Next(1, 50); i++)
        {
            int first = random.Next(steps), last = random.Next(first, steps);
            long bytes = random.Next(0, 5000);
            string owner = $"t{i}";
            tensors.Add(new TensorFacts(owner, bytes, null, first, last, TensorRole.Activation, null, null, null, [first], [random.Next(first, last + 1)]));
            long[] height = new long[steps];
            Array.Fill(height, bytes, first, last - first + 1);
            for (int j = 0; j < random.Next(3); j++)
            {
                int from = random.Next(first, last + 1), to = random.Next(from, last + 1);
                long size = random.Next(0, 5000);
                tensors.Add(new TensorFacts($"{owner}.{j}", size, null, from, to, TensorRole.Activation, owner, null, null, [from], random.Next(2) == 0 ? [to] : []));
                for (int step = from; step <= to; step++)
                    height[step] = Math.Max(height[step], size);
            }
            for (int step = 0; step < steps; step++)
                profile[step] += height[step];
        }
        if (random.Next(2) == 0)
            profile[random.Next(steps)] += random.Next(3000);
        return plain.With(tensors: tensors) with { Profile = profile, Peak = plain.Peak with { Bytes = Math.Max(1, profile.Max()), LiveBytes = profile.Max() }, PeakStep = null };
    }

    [GeneratedRegex(@"H(\d+)V(\d+)")]
    private static partial Regex Moves();
}
