using System.Globalization;
using System.Text;
using Serenity.Build.Budgets;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Checks;

/// <summary>Holds a manifest's figures against budgets, and says why a model does not fit and what would make it fit.</summary>
public static class BudgetCheck
{
    /// <summary>How many of the tensors that are live at the peak a message names.</summary>
    private const int NamedTensors = 4;

    /// <summary>Longer names are shown with their middle left out.</summary>
    private const int LongestName = 100;

    /// <summary>The verdict on a model's figures.</summary>
    /// <param name="neededBytes">What is held against the memory budget; see <see cref="PeakFacts.RequiredBytes"/>.</param>
    /// <param name="weightBytes">Bytes of the weights.</param>
    /// <param name="budgets">The budgets.</param>
    /// <param name="processBytes">What is held against the budget for the process; null if not known, which does not pass.</param>
    /// <param name="memoriesFit">Whether each memory of the device is large enough; null where the plan is for one arena.</param>
    public static BudgetEntry Judge(long neededBytes, long weightBytes, MemoryBudgets budgets, long? processBytes = null, bool? memoriesFit = null)
    {
        ArgumentNullException.ThrowIfNull(budgets);
        BudgetVerdict verdict =
            budgets.MemoryBytes is null && budgets.WeightBytes is null && budgets.ProcessBytes is null && memoriesFit is null ? BudgetVerdict.None
            : memoriesFit == false || neededBytes > (budgets.MemoryBytes ?? long.MaxValue) || weightBytes > (budgets.WeightBytes ?? long.MaxValue)
                || (budgets.ProcessBytes is { } process && !(processBytes <= process)) ? BudgetVerdict.Fail
            : BudgetVerdict.Pass;
        return new BudgetEntry(budgets.MemoryBytes, verdict, budgets.Device, budgets.WeightBytes, budgets.ProcessBytes);
    }

    /// <summary>The manifest with the verdict on it.</summary>
    public static MemoryManifest Apply(MemoryManifest manifest, MemoryBudgets budgets)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(budgets);
        // Planned for the memories of a device, each of which is a budget: its largest block is none then.
        if (manifest.Memories is not null && budgets.Device is { } name && DeviceCatalog.Find(name) is { Memories.Count: > 0 } device && budgets.MemoryBytes == device.MemoryBytes)
            budgets = budgets with { MemoryBytes = null };
        return manifest with { Budget = Judge(manifest.Peak.RequiredBytes, manifest.Weights.Bytes, budgets, manifest.Peak.ProcessBytes, manifest.Memories?.Fits) };
    }

    /// <summary>
    /// A warning where a memory budget passes that the kernels' workspace may still exceed, since no run measured it (SER2502); else null. Without an
    /// ONNX Runtime on the host (SER2701) that is said already.
    /// </summary>
    /// <param name="peakBytes">The activation peak.</param>
    /// <param name="workspaceBytes">What a run measured; null for nothing.</param>
    /// <param name="executor">Who runs the model; a static arena has no workspace of the runtime's.</param>
    /// <param name="memoryBudget">The memory budget; null for none.</param>
    /// <param name="warnings">What the optimization warned of.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityDiagnostic? Unmeasured(
        long peakBytes, long? workspaceBytes, Executor executor, long? memoryBudget, IReadOnlyList<WarningEntry> warnings, string file)
    {
        ArgumentNullException.ThrowIfNull(warnings);
        if (workspaceBytes is not null || !executor.Traits().HasWorkspace || memoryBudget is not { } budget || peakBytes > budget
            || warnings.Any(w => w.Code == SerenityCodes.PlannedWithoutRuntime))
        {
            return null;
        }
        // Whoever turned verification off is not warned of that.
        bool leftOut = warnings.Any(w => w.Code == SerenityCodes.NotVerified);
        return new SerenityDiagnostic(
            SerenityCodes.WorkspaceUnknown, DiagnosticSeverity.Warning, file,
            $"The memory budget of {ByteSize.Format(budget)} passes for tensors alone ({ByteSize.Format(peakBytes)}). What kernels take on top of them while they run, such as a convolution's"
            + $" scratch, was not measured, since {(leftOut ? "verification left the model out (SER2501 says why)" : "Verify=\"false\" turned verification off")}, and may be more than the rest. "
            + (leftOut ? "Leave room for it in the budget." : "Let verification run for a budget that holds on the device."));
    }

    /// <summary>A warning (SER2001) where a model fits and takes more of a budget than it should; else null.</summary>
    /// <param name="neededBytes">What is held against the memory budget; see <see cref="PeakFacts.RequiredBytes"/>.</param>
    /// <param name="weightBytes">Bytes of the weights.</param>
    /// <param name="budget">The verdict.</param>
    /// <param name="warnAt">From which part of a budget on, in percent; null for never.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityDiagnostic? Near(long neededBytes, long weightBytes, BudgetEntry budget, double? warnAt, string file)
    {
        ArgumentNullException.ThrowIfNull(budget);
        if (warnAt is not { } percent || budget.Verdict != BudgetVerdict.Pass)
            return null;
        string?[] near = [Part("memory", neededBytes, budget.MemoryBytes), Part("weight", weightBytes, budget.WeightBytes)];
        return near.OfType<string>().ToArray() is not { Length: > 0 } parts ? null : new SerenityDiagnostic(
            SerenityCodes.NearBudget, DiagnosticSeverity.Warning, file, $"The model fits, with little to spare: it takes {string.Join(" and ", parts)} (WarnAt=\"{percent.ToString(CultureInfo.InvariantCulture)}%\").");

        string? Part(string what, long bytes, long? most)
        {
            if (most is not { } limit || bytes < (decimal)percent / 100 * limit)
                return null;
            (string size, string whole) = ByteSize.Compared(bytes, limit);
            return string.Create(CultureInfo.InvariantCulture, $"{size} of the {what} budget of {whole} ({100m * bytes / limit:0.#} %)");
        }
    }

    /// <summary>A warning (SER2003) where the process fits, and would not with all that the C library may keep of what runs give back; else null.</summary>
    /// <param name="requiredBytes">Bytes that runs need.</param>
    /// <param name="processBytes">What is held against the budget for the process; null if not known.</param>
    /// <param name="budget">The verdict.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityDiagnostic? MayGrow(long requiredBytes, long? processBytes, BudgetEntry budget, string file)
    {
        ArgumentNullException.ThrowIfNull(budget);
        if (budget.ProcessBytes is not { } limit || processBytes is not { } process || process > limit || process + HeapGaps.Most(requiredBytes) <= limit)
            return null;
        return new SerenityDiagnostic(
            SerenityCodes.ProcessMayGrow, DiagnosticSeverity.Warning, file,
            $"The process fits its budget of {ByteSize.Format(limit)} with {ByteSize.Rounded(process)}, but glibc may keep up to {ByteSize.Rounded(HeapGaps.Most(requiredBytes))} more of what runs give back. A planned session"
            + " keeps nothing (reference Serenity.Runtime), nor does a process with MALLOC_MMAP_THRESHOLD_=16384 in its environment.");
    }

    /// <summary>One error per budget that is exceeded (SER1001, SER1002, SER1005); none if the verdict is not "fail".</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    /// <param name="file">The model as the user named it.</param>
    public static IReadOnlyList<SerenityDiagnostic> Errors(MemoryManifest manifest, string file)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        List<SerenityDiagnostic> errors = [];
        BudgetEntry budget = manifest.Budget;
        if (budget.MemoryBytes is long memory && manifest.Peak.RequiredBytes > memory)
            errors.Add(new(SerenityCodes.OverMemoryBudget, DiagnosticSeverity.Error, file, OverMemory(manifest, memory)));
        foreach (UsedMemory used in manifest.Memories?.Memories ?? [])
        {
            if (used.UsedBytes > used.Bytes)
                errors.Add(new(SerenityCodes.OverMemoryBudget, DiagnosticSeverity.Error, file, OverOneMemory(manifest, used)));
        }
        if (budget.WeightBytes is long weights && manifest.Weights.Bytes > weights)
            errors.Add(new(SerenityCodes.OverWeightBudget, DiagnosticSeverity.Error, file, OverWeights(manifest, weights)));
        if (budget.ProcessBytes is long process && !(manifest.Peak.ProcessBytes <= process))
            errors.Add(new(SerenityCodes.OverProcessBudget, DiagnosticSeverity.Error, file, OverProcess(manifest, process)));
        return errors;
    }

    /// <summary>The least memory budget that a build passes with: that of the plan at hand, or of one that takes the time that was tried for the budget, where that is less.</summary>
    /// <param name="manifest">A manifest over its budget.</param>
    /// <param name="budget">The memory budget in bytes.</param>
    public static long LeastPassing(MemoryManifest manifest, long budget)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        long needed = manifest.Peak.RequiredBytes;
        // Tried for a smaller budget, it may fit this one: then it is the file at hand that does not.
        return manifest.Work is { MostLimit: not null, LeastBytes: { } least } && least > budget ? Math.Min(needed, least) : needed;
    }

    /// <summary>What the developer can change, other than the budget, to make a model fit: a phrase each, the most promising first.</summary>
    /// <param name="manifest">The model's manifest.</param>
    /// <param name="budget">The memory budget in bytes.</param>
    public static IReadOnlyList<MessageText> Ways(MemoryManifest manifest, long budget)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        List<MessageText> ways = [];
        OptionValues options = manifest.Options;
        if (options.Get(ModelOptions.Rewrite) is not RewriteLevel.All and var level)
            ways.Add($"allow rewrites that go lower ({ModelSetting.Rewrite.Of("All")}; now \"{level}\")");
        if (manifest.Executor.Traits().Partitions && !options.Get(ModelOptions.Partition))
            ways.Add($"run parts of the network in pieces ({ModelSetting.Partition.Of("true")}; now \"false\")");
        if (!manifest.Peak.IsOrderProven() && manifest.Peak.LowerBoundBytes <= budget)
            ways.Add($"search longer (a larger {ModelSetting.SearchLimit})");
        if (manifest.Work is { Limited: true, MostLimit: null })
            ways.Add($"allow rewrites that make a run longer where the budget needs them ({ModelSetting.WorkLimit.Of("4")} for up to 4 times the predicted time; now {manifest.Work.Limit})");
        if (options.Get(ModelOptions.FreeDimensions) is var sizes && (sizes.Ranges.Count > 0 || sizes.Sizes.Values.Any(v => v > 1)))
            ways.Add($"set smaller {ModelSetting.FreeDimensions}");
        // Where order and rewrites can give no more, only what the tensors are made of can.
        ways.Add($"make the tensors {(manifest.PeakStep is { Live.Count: > 0 } ? "named here" : "that are live at the peak")} smaller: a smaller input or batch, fewer channels at that place, an 8-bit model");
        return ways;
    }

    private static MessageText OverProcess(MemoryManifest manifest, long budget)
    {
        MessageText text = new();
        if (manifest.Peak.ProcessBytes is not { } needed || manifest.Plans.Where(plan => plan.Layout == PlanLayout.Portable).MaxBy(plan => plan.Account.ProcessBytes) is not { } most)
        {
            text.Append($"What the process takes is not known, so the process budget{OfDevice(manifest.Budget)} of {ByteSize.Format(budget)} cannot be held.");
            return text.Append($" It is known for models that ONNX Runtime runs and that were verified on a machine where it loads ({ModelSetting.Verify.Of("true")}).");
        }
        string parts = string.Join(", ", Summed(most.Account).Where(part => part.Bytes > 0).OrderByDescending(part => part.Bytes)
            .Select(part => $"{MemoryPools.Of(part.Pool).Title} {ByteSize.Rounded(part.Bytes)}{(part.Runs > 1 ? $" in {part.Runs} runs" : "")}"));
        text.Append($"ONNX Runtime with the model takes about {ByteSize.Format(needed)} of the process; the process budget{OfDevice(manifest.Budget)} is {ByteSize.Format(budget)}: {ByteSize.Format(needed - budget)} too much.");
        text.Append($" The least that passes now is {ModelSetting.ProcessBudget.Of(ByteSize.RoundUpBudget(needed))}.");
        return text.Append($" It is made of {parts}; the app and .NET come on top. Fewer runs at a time ({ModelSetting.Concurrency}), an 8-bit model or a smaller one take less.");
    }

    // The pools that the sum is of, as MemoryAccount.ProcessBytes forms it: loading and runs are not at one time, so the larger counts, and what may be kept is in no sum.
    private static IEnumerable<(MemoryPool Pool, long Bytes, int Runs)> Summed(MemoryAccount account)
    {
        long Of(MemoryPhase phase) => account.Pools.Where(pool => MemoryPools.Of(pool.Pool).Phase == phase).Sum(pool => pool.Bytes ?? 0);
        MemoryPhase larger = Of(MemoryPhase.Loading) > account.Runs * Of(MemoryPhase.Running) ? MemoryPhase.Loading : MemoryPhase.Running;
        return account.Pools.Where(pool => MemoryPools.Of(pool.Pool).Phase is var phase && (phase == MemoryPhase.Always || phase == larger)).Select(pool =>
        {
            int runs = MemoryPools.Of(pool.Pool).Phase == MemoryPhase.Running ? account.Runs : 1;
            return (pool.Pool, runs * (pool.Bytes ?? 0), runs);
        });
    }

    private static MessageText OverMemory(MemoryManifest manifest, long budget)
    {
        PeakFacts peak = manifest.Peak;
        long needed = peak.RequiredBytes;
        // First what an annotation in a pull request, or a list of errors, has room for: how much, and what passes.
        (string need, string limit) = ByteSize.Compared(needed, budget);
        MessageText text = new();
        text.Append($"The model needs {(peak.AtMost ? "at most " : "")}{need} of activation memory; the budget{OfDevice(manifest.Budget)} is {limit}.");
        text.Append($" The least budget that passes now is {ModelSetting.MemoryBudget.Of(ByteSize.RoundUpBudget(LeastPassing(manifest, budget)))}.");
        text.Append($" In bytes: {needed} of {budget}, {needed - budget} too much");
        text.Append(peak.WorkspaceBytes is > 0 ? FormattableString.Invariant($" ({(peak.Runs > 1 ? $"{peak.Runs} runs at a time, each " : "")}{peak.Bytes} for tensors, {peak.WorkspaceBytes} for kernels' workspace{TargetText.OnMost(manifest)}).")
            : peak.Runs > 1 ? FormattableString.Invariant($" ({peak.Runs} runs at a time, each {peak.Bytes}).") : ".");
        AppendPeak(text, manifest);
        if (manifest.Executor.Traits().HoldsForReuse && peak.Bytes > peak.LiveBytes)
            text.Append($" ONNX Runtime holds {peak.Bytes - peak.LiveBytes} bytes of it for later tensors of the same shape.");
        text.Append(" ").Append(Bound(peak, budget));
        if (manifest.Work is { MostLimit: { } most, LeastBytes: { } least })
        {
            text.Append($" Rewrites that make a run up to {most} times as long ({ModelSetting.WorkLimit}) were tried for it, and ");
            text.Append(least < needed ? $"come to {ByteSize.Format(least)}." : "go no lower.");
        }
        return text.Append(" ").Append(Advice(manifest, budget));
    }

    private static MessageText OverOneMemory(MemoryManifest manifest, UsedMemory used)
    {
        (string takes, string limit) = ByteSize.Compared(used.UsedBytes, used.Bytes);
        MessageText text = new();
        // No order and no plan of tensors helps where weights alone are too much for all that may hold them.
        UsedMemory[] forWeights = [.. manifest.Memories!.Memories.Where(m => m.Holds != MemoryUse.Activations)];
        long room = forWeights.Sum(m => m.Bytes), weights = manifest.Memories.Weights.Sum(w => w.Bytes);
        if (used.Holds != MemoryUse.Activations && weights > room)
        {
            (string take, string whole) = ByteSize.Compared(weights, room);
            text.Append($"The model's weights take {take}, and what may hold them of the memories{OfDevice(manifest.Budget)} is {whole}: {string.Join(", ", forWeights.Select(m => $"'{m.Name}'"))}.");
            text.Append($" In bytes: {weights} of {room}, {weights - room} too much.");
            return text.Append(" No order changes that: quantize or prune the model, enlarge a memory that holds weights, or let another hold them, with ':weights' or ':both' behind it.");
        }
        text.Append($"No plan was found that fits into the memories{OfDevice(manifest.Budget)}: in the one that is left '{used.Name}' would have to hold {takes} and has {limit}.");
        UsedMemory[] larger = [.. manifest.Memories!.Memories.Where(m => m.LeastBytes is not null)];
        if (larger.Length > 0)
        {
            string sizes = string.Join(" or ", larger.Select(m => $"{m.Name}={ByteSize.RoundUpBudget(m.LeastBytes!.Value)}{(m.MayBeLess == true ? " (or less: the search for it ended)" : "")}"));
            text.Append($" {(larger.Any(m => m.MayBeLess == true) ? "What passes now" : "The least that passes now")}, the other memories as they are: {sizes}.");
        }
        text.Append($" In bytes: {used.UsedBytes} of {used.Bytes}, {used.UsedBytes - used.Bytes} too much.");
        if (used.Holds == MemoryUse.Weights)
            return text.Append(" No order changes that: quantize or prune the model, or let another memory hold weights.");
        UsedMemory[] others = [.. manifest.Memories!.Memories.Where(m => m != used && m.Holds != MemoryUse.Weights)];
        if (others.Length > 0)
            text.Append($" The others hold: {string.Join(", ", others.Select(m => $"'{m.Name}' ({ByteSize.Rounded(m.UsedBytes)} of {ByteSize.Rounded(m.Bytes)})"))}.");
        long all = manifest.Memories!.Memories.Where(m => m.Holds != MemoryUse.Weights).Sum(m => m.Bytes);
        text.Append($" The tensors live together need {ByteSize.Format(manifest.Peak.LiveBytes)} at the peak, and all memories for them are {ByteSize.Format(all)}.");
        AppendPeak(text, manifest);
        if (manifest.Peak.LowerBoundBytes > all)
            text.Append($" {Bound(manifest.Peak, all)}");
        return text.Append(" ").Append(Advice(manifest, all));
    }

    // Where the peak is, and what is live there.
    private static void AppendPeak(MessageText text, MemoryManifest manifest)
    {
        if (manifest.PeakStep is not { } step)
            return;
        text.Append($" The peak is at step {step.Index + 1} of {manifest.Program.Steps.Count}, node '{Shown(step.Node)}'");
        if (step.Index < manifest.Program.Steps.Count && manifest.Program.Steps[step.Index].OperatorType is { Length: > 0 } type)
            text.Append($" ({Shown(type)})");
        if (step.Live.Count > 0)
        {
            text.Append(", where the largest live tensors are ");
            text.Append(string.Join(", ", step.Live.Take(NamedTensors).Select(t => $"'{Shown(t.Tensor)}' ({Counted.Of(t.Bytes, "byte")})")));
            if (step.Live.Count > NamedTensors)
                text.Append($" and {step.Live.Count - NamedTensors} more");
        }
        text.Append(".");
    }

    private static string Bound(PeakFacts peak, long budget)
    {
        if (peak.LowerBoundBytes > budget)
            return $"No order of this graph fits: the least is {ByteSize.Format(peak.LowerBoundBytes)}{(peak.IsOrderProven() ? "" : " or more")}.";
        return peak.IsOrderProven()
            ? $"Live tensors alone need {ByteSize.Format(peak.LowerBoundBytes)} in the best order, which is the one used."
            : $"The search ended before a proof: the least may be as low as {ByteSize.Format(peak.LowerBoundBytes)}.";
    }

    private static MessageText Advice(MemoryManifest manifest, long budget)
    {
        IReadOnlyList<MessageText> ways = Ways(manifest, budget);
        MessageText text = new();
        foreach (MessageText way in ways)
            text.Append(way == ways[0] ? "To make it fit: " : "; or ").Append(way);
        return text.Append(".");
    }

    // A name from the model, which may hold anything, in a message of one line.
    private static string Shown(string name) => ModelText.Clean(name, LongestName);

    private static MessageText OverWeights(MemoryManifest manifest, long budget)
    {
        (string takes, string limit) = ByteSize.Compared(manifest.Weights.Bytes, budget);
        return $"The model's weights take {takes}; the weight budget{OfDevice(manifest.Budget)} is {limit}."
            + $" The least that passes now is {ModelSetting.WeightBudget.Of(ByteSize.RoundUpBudget(manifest.Weights.Bytes))}."
            + $" In bytes: {manifest.Weights.Bytes} of {budget}, {manifest.Weights.Bytes - budget} too much."
            + $" No order changes that: quantize or prune the model, or raise the budget.";
    }

    private static string OfDevice(BudgetEntry budget) => budget.Device is null ? "" : $" of device '{budget.Device}'";
}
