using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Build.Options.Syntax;

namespace Serenity.Build.Tests.Report;

/// <summary>Manifests of made-up networks whose figures agree with one another, of any size.</summary>
internal static class SyntheticManifest
{
    private static readonly string[] _operators = ["Conv", "Relu", "Concat", "Add", "MaxPool", "Mul"];

    /// <summary>A chain of operators in which every fifth also reads a tensor from further back.</summary>
    public static MemoryManifest Create(int operators, Executor executor, long? budget = null, Func<int, string>? nodeName = null)
    {
        nodeName ??= step => $"/features/stage_{step / 40}/cell_{step / 8}/op_{step % 8}/{_operators[step % _operators.Length]}";
        List<string> schedule = [.. Enumerable.Range(0, operators).Select(nodeName)];
        List<int>[] readers = [.. Enumerable.Range(0, operators + 1).Select(_ => new List<int>())];
        for (int step = 0; step < operators; step++)
        {
            readers[step].Add(step);
            if (step % 5 == 4)
                readers[step - 3].Add(step);
            if (step % 60 == 59)
                readers[step - 40].Add(step);
        }

        List<TensorFacts> tensors = [];
        for (int index = 0; index <= operators; index++)
        {
            TensorRole role = index == 0 ? TensorRole.Input : index == operators ? TensorRole.Output : TensorRole.Activation;
            int channels = 4 + index * 7 % 29, side = Math.Max(4, 64 >> (index * 4 / (operators + 1)));
            int first = Math.Max(0, index - 1), last = role == TensorRole.Output ? operators - 1 : readers[index].DefaultIfEmpty(first).Max();
            tensors.Add(new TensorFacts(
                index == 0 ? "image" : index == operators ? "scores" : schedule[index - 1] + "_output_0",
                4L * channels * side * side, null, first, last, role, null, null,
                $"float[1,{channels},{side},{side}]", index == 0 ? [] : [index - 1], readers[index]));
        }
        long[] profile = new long[operators];
        foreach (TensorFacts tensor in tensors.Where(t => Counts(t, executor)))
        {
            for (int step = tensor.FirstStep; step <= tensor.LastStep; step++)
                profile[step] += tensor.Bytes;
        }
        long arena = 0;
        if (executor == Executor.StaticArena)
            arena = Place(tensors);
        int peak = Array.IndexOf(profile, profile.DefaultIfEmpty().Max());
        long live = operators == 0 ? 0 : profile[peak];
        long[] before = [.. profile.Select((bytes, step) => bytes + bytes / 3 + step % 7 * 4096)];

        MemoryManifest manifest = new()
        {
            Tool = new ToolInfo("Serenity.Build", "0.1.0"),
            Source = new FileInfoEntry("models/synthetic.onnx", new string('a', 64)),
            Output = new FileInfoEntry("synthetic.onnx", new string('b', 64)),
            Options = OptionValues.Default.With(ModelOptions.Executor, executor).With(ModelOptions.FreeDimensions, new DimensionSizes(new Dictionary<string, long> { ["batch"] = 1 })),
            Executor = executor,
            Peak = new PeakFacts(before.DefaultIfEmpty().Max(), Math.Max(arena, live), live, live, true, tensors[0].Bytes, null),
            Work = new WorkEntry(1.1, 1.042, true),
            Budget = new BudgetEntry(null, BudgetVerdict.None),
            Weights = new WeightsEntry(1_234_567),
            Rewrites = operators < 3 ? [] : [new AppliedRewrite("ChannelPartition", [schedule[1], schedule[2]], false, 40_960)],
            Warnings = [],
            Program = ExecutionProgram.Of(schedule, [.. Enumerable.Range(0, operators).Select(step => _operators[step % _operators.Length])], tensors),
            Profile = profile,
            OriginalProfile = before,
            PeakStep = operators == 0 ? null : new PeakStep(peak, schedule[peak],
                [.. tensors.Where(t => Counts(t, executor) && t.FirstStep <= peak && peak <= t.LastStep)
                    .OrderByDescending(t => t.Bytes).ThenBy(t => t.Name, StringComparer.Ordinal).Select(t => new LiveTensor(t.Name, t.Bytes))]),
            OriginalPeakStep = operators == 0 ? null : Original(schedule, before, [.. tensors.Where(t => Counts(t, executor))]),
        };
        return BudgetCheck.Apply(manifest, new MemoryBudgets(budget, null, null));
    }

    private static bool Counts(TensorFacts tensor, Executor executor) => executor == Executor.StaticArena || tensor.Role != TensorRole.Input;

    // What is live there after too, and a tensor that the optimized model has no more.
    private static PeakStep Original(List<string> schedule, long[] before, TensorFacts[] tensors)
    {
        int peak = Array.IndexOf(before, before.Max());
        LiveTensor[] both = [.. tensors.Where(t => t.FirstStep <= peak && peak <= t.LastStep).Select(t => new LiveTensor(t.Name, t.Bytes))];
        return new PeakStep(peak, schedule[peak], [.. both.Append(new LiveTensor("whole_output_0", before[peak] - both.Sum(t => t.Bytes))).OrderByDescending(t => t.Bytes)]);
    }

    // First fit in order of time; sees only the tensors that are still live.
    internal static long Place(List<TensorFacts> tensors)
    {
        long end = 0;
        List<TensorFacts> live = [];
        for (int index = 0; index < tensors.Count; index++)
        {
            TensorFacts tensor = tensors[index];
            live.RemoveAll(other => other.LastStep < tensor.FirstStep);
            long at = 0;
            foreach (TensorFacts other in live.OrderBy(other => other.Offset))
            {
                if (at + tensor.Bytes <= other.Offset)
                    break;
                at = Math.Max(at, other.Offset!.Value + other.Bytes);
            }
            tensors[index] = tensor with { Offset = at };
            live.Add(tensors[index]);
            end = Math.Max(end, at + tensor.Bytes);
        }
        return end;
    }
}
