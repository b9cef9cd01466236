using Serenity.Build.Blocks;
using Serenity.Build.Cache;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Output;

/// <summary>The optimizer, as a function; tests put their own in its place.</summary>
internal delegate FinishedModel OptimizerEngine(OptimizeRequest request, CancellationToken cancellation);

/// <summary>How the outputs of a model came about.</summary>
/// <param name="Manifest">The manifest as written, paths and budget aside.</param>
/// <param name="FromCache">True if it was taken from the plan cache.</param>
public sealed record ModelBuildResult(MemoryManifest Manifest, bool FromCache);

/// <summary>What a model is made of.</summary>
/// <param name="Sha256">SHA-256 of the model file, lower-case hex.</param>
/// <param name="External">Absolute paths of its external data files.</param>
/// <param name="Inputs">All files, with their stamps from before they were read.</param>
internal sealed record SourceContent(string Sha256, IReadOnlyList<string> External, IReadOnlyList<StampedFile> Inputs);

/// <summary>The outputs of a model, not written yet.</summary>
/// <param name="Output">The outputs.</param>
/// <param name="Budgets">The budgets for which they are the ones to have.</param>
/// <param name="Source">What they were made from.</param>
/// <param name="FromCache">True if nothing had to be optimized.</param>
internal sealed record MadeModel(OptimizedOutput Output, BudgetRange Budgets, SourceContent Source, bool FromCache);

/// <summary>One plan of a model: the outputs for one limit of work.</summary>
/// <param name="Output">The outputs, not written yet.</param>
/// <param name="FromCache">True if it was taken from the plan cache.</param>
internal sealed record MadePlan(OptimizedOutput Output, bool FromCache);

/// <summary>Makes the outputs of one model: from the plan cache if it has them, else by optimizing.</summary>
/// <param name="engine">The optimizer.</param>
/// <param name="cache">The plan cache; null for none.</param>
/// <param name="ahead">Where plans may have been begun before they are asked for; null for nowhere.</param>
internal sealed class ModelBuild(OptimizerEngine engine, PlanCache? cache, WorkAhead? ahead = null)
{
    /// <summary>Makes and writes the outputs.</summary>
    /// <exception cref="SerenityException">They cannot be made; says why. Earlier outputs are left as they were.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing half written.</exception>
    public ModelBuildResult Run(ModelItem item, CancellationToken cancellation)
    {
        MadeModel made = Make(item, cancellation);
        OutputWriter.Write(item, made.Output, made.Budgets, made.Source.Sha256, made.Source.Inputs);
        return new ModelBuildResult(made.Output.Manifest, made.FromCache);
    }

    /// <summary>Makes the outputs and writes none of them.</summary>
    /// <exception cref="SerenityException">They cannot be made; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public MadeModel Make(ModelItem item, CancellationToken cancellation)
    {
        SourceContent source = Identify(item);
        bool fromCache = true;
        BudgetRange orders = BudgetRange.Any;
        (OptimizedOutput output, BudgetRange budgets) = WorkLadder.Choose(item.WorkLimit, item.MemoryBudgetBytes, work =>
        {
            ModelItem wanted = item.Within(work);
            (OptimizedOutput made, BudgetRange range) = TrafficBudget.Choose(Made(wanted), item.MemoryBudgetBytes, bytes => Made(wanted.WithTrafficWithin(bytes)));
            orders = orders.And(range);
            return made;
        });
        (output, budgets) = LayoutBudget.Choose(output, budgets.And(orders), item.MemoryBudgetBytes, bytes => Made(item.Within(output.Manifest.Work.Limit).WithLayoutsWithin(bytes)));
        return new MadeModel(output, budgets, source, fromCache);

        OptimizedOutput Made(ModelItem wanted)
        {
            MadePlan plan = Plan(wanted, source, cancellation);
            fromCache &= plan.FromCache;
            return plan.Output;
        }
    }

    /// <summary>True if the outputs need not be made, since the cache most likely has them.</summary>
    /// <exception cref="SerenityException">The model cannot be read, or its external data cannot be found.</exception>
    public static bool IsCached(ModelItem item, PlanCache cache)
    {
        SourceContent source = Identify(item);
        return cache.Contains(PlanCacheKey.Of(item.Within(WorkLadder.First(item.WorkLimit)), source.Sha256, source.External));
    }

    /// <summary>Begins the plan that is asked for first, without waiting for it.</summary>
    /// <returns>Ends with the plan, whatever becomes of it.</returns>
    /// <exception cref="SerenityException">The model cannot be read, or its external data cannot be found.</exception>
    public System.Threading.Tasks.Task Begin(ModelItem item, WorkAhead plans)
    {
        SourceContent source = Identify(item);
        ModelItem first = item.Within(WorkLadder.First(item.WorkLimit));
        string key = PlanCacheKey.Of(first, source.Sha256, source.External);
        return plans.BeginPlan(AheadId(first, key), end => Plan(first, source, key, end));
    }

    private MadePlan Plan(ModelItem item, SourceContent source, CancellationToken cancellation)
    {
        string key = PlanCacheKey.Of(item, source.Sha256, source.External);
        if (ahead?.TakePlan(AheadId(item, key)) is not { } begun)
            return Plan(item, source, key, cancellation);
        System.Threading.Tasks.Task.WaitAny([begun], cancellation);
        return begun.GetAwaiter().GetResult();
    }

    // Errors name the file, so a copy of the model in another place is another plan.
    private static string AheadId(ModelItem item, string key) => key + "\n" + item.SourcePath;

    private MadePlan Plan(ModelItem item, SourceContent source, string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (cache is null)
            return new MadePlan(Optimize(item, source, cancellation), false);
        string file = Path.GetFileName(item.ModelPath);
        if (cache.Find(key, file) is { } known)
            return new MadePlan(known, true);
        using IDisposable? exclusive = cache.Lock(key, cancellation);
        // Whoever held the lock before us may have done the work.
        if (cache.Find(key, file) is { } done)
            return new MadePlan(done, true);
        OptimizedOutput output = Optimize(item, source, cancellation);
        // A host without ONNX Runtime must not give what it could not verify to those that can.
        if (!output.WithoutRuntime)
            cache.Add(key, output);
        return new MadePlan(output, false);
    }

    private static SourceContent Identify(ModelItem item)
    {
        StampedFile before = StampedFile.Of(item.SourcePath);
        byte[] source = ReadSource(item);
        string sourceSha256 = ContentHash.Of(source);
        IReadOnlyList<string> external = ExternalDataScan.Files(source, item.SourcePath);
        IEnumerable<string> others = item.Request.Runtime is { } runtime ? item.Request.SamplePaths.Append(runtime.Library) : item.Request.SamplePaths;
        return new SourceContent(sourceSha256, external, [before, .. external.Concat(others).Select(StampedFile.Of)]);
    }

    private OptimizedOutput Optimize(ModelItem item, SourceContent source, CancellationToken cancellation)
    {
        string name = Path.GetFileName(item.ModelPath);
        FinishedModel finished = engine(item.Request with { OutputName = name }, cancellation);
        RefuseIfChanged(item, source.Inputs);
        cancellation.ThrowIfCancellationRequested();
        WrittenModel written = finished.Write(item.SourcePath, name);
        // What depends on the project and not on the model is filled in when it is written.
        FileInfoEntry none = new("", "");
        // The manifest tells the options that shaped the result, not a project's sizes for other models.
        OptimizeRequest settled = item.Request with { FreeDimensions = finished.Facts.FreeDimensions ?? item.Request.FreeDimensions };
        settled = finished.Facts.Range is { } range ? settled with { Ranges = range.Ranges } : settled with { Ranges = OptimizeRequest.NoRanges, SizeFormulas = OptimizeRequest.NoFormulas };
        MemoryManifest manifest = ManifestBuilder.Build(settled, finished.Facts, none, none);
        return new OptimizedOutput(manifest, written.Bytes, written.DataFile, written.DataFile is null ? null : written.WriteData)
        {
            Variants = [.. finished.Facts.Variants.Select((v, i) => new OptimizedVariant(v.Layout, finished.Variants[i],
                System.Text.Encoding.UTF8.GetBytes(PlanFile.Render(v, item.Request.Prepack))))],
        };
    }

    private static byte[] ReadSource(ModelItem item)
    {
        try
        {
            return ModelFile.Read(item.SourcePath);
        }
        catch (SerenityException problem) when (problem.Code == SerenityCodes.InputOutput)
        {
            // It may have been locked just for a moment.
            return ModelFile.Read(item.SourcePath);
        }
    }

    private static void RefuseIfChanged(ModelItem item, IReadOnlyList<StampedFile> inputs)
    {
        foreach (StampedFile input in inputs)
        {
            if (!input.IsUnchanged)
            {
                throw new SerenityException(
                    SerenityCodes.InputOutput, item.Name, $"'{input.Path}' was changed while the model was being optimized. Build again.");
            }
        }
    }
}
