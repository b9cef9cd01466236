using System.CommandLine;
using Serenity.Build;
using Serenity.Build.Budgets;
using Serenity.Build.Cache;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Output;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Manifests;

/// <summary>Gets the manifest of what the user named: reads it, or makes it by optimizing the model in memory.</summary>
internal sealed class ManifestSource(ToolContext context, ModelSwitches options)
{
    /// <summary>The manifest, budget as it stands in a file, none for a model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="given">The model or manifest as the user named it.</param>
    /// <param name="budgets">What a model is to be optimized for; null for no budget.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="memoriesAreLimits">True where memories that are given are what a manifest is held against.</param>
    /// <exception cref="SerenityException">The file is missing, damaged or cannot be optimized.</exception>
    public MemoryManifest Get(ParseResult parsed, string given, MemoryBudgets? budgets, CancellationToken cancellation, bool memoriesAreLimits = false)
    {
        string path = context.PathOf(given);
        if (!ModelArgument.IsManifest(given))
        {
            // One that was written by a plan has nothing to gain from another, and its manifest says what it was made from. Options ask for a new plan of it all the same.
            string? written = OwnOutputs.ManifestBeside(path);
            if (written is not null && options.AnyGiven(parsed))
                context.Console.Hint($"{ModelText.Clean(given)} was written by Serenity.Build. With options of the optimizer it is planned once more, as if it were a source; without them its manifest is read.");
            if (written is null || options.AnyGiven(parsed))
                return Make(parsed, given, output: null, budgets, cancellation).Manifest;
            context.Console.Hint($"{ModelText.Clean(given)} was written by Serenity.Build, so its manifest is read, and nothing is planned: {ModelText.Clean(Path.GetRelativePath(context.Folder, written))}.");
            return ManifestJson.Read(File.ReadAllBytes(written), given) with { Budget = new BudgetEntry(null, BudgetVerdict.None) };
        }
        if (options.AnyGiven(parsed, memoriesAreLimits))
        {
            throw new SerenityException(
                SerenityCodes.BadOption, given,
                "This is a manifest, whose result is settled, so options of the optimizer cannot apply to it. Give the model instead, or leave the options out.");
        }
        if (!File.Exists(path))
            throw new SerenityException(SerenityCodes.InputOutput, given, "The manifest does not exist. Check the path; 'dotnet serenity optimize' writes one.");
        return ManifestJson.Read(File.ReadAllBytes(path), given);
    }

    /// <summary>Optimizes a model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="given">The model as the user named it.</param>
    /// <param name="output">Absolute path where the optimized model is to go; null if it is not to be written.</param>
    /// <param name="budgets">What it is to be optimized for; null for no budget.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="sizes">Sizes of its open dimensions where the command line lists several of one; null for those on the command line.</param>
    /// <returns>The manifest, the files to write, and the model as the writer wants it.</returns>
    public (MemoryManifest Manifest, OptimizedOutput Output, ModelItem Item, string SourceSha256) Make(
        ParseResult parsed, string given, string? output, MemoryBudgets? budgets, CancellationToken cancellation, DimensionSizes? sizes = null)
    {
        string path = context.PathOf(given);
        if (!File.Exists(path))
        {
            throw new SerenityException(
                SerenityCodes.ModelNotFound, given,
                Directory.Exists(path) ? "This is a folder, not a model. Name the .onnx file itself." : $"The model does not exist at '{path}'.{(NearestFile.Hint(given, context.Folder) is { Length: > 0 } hint ? hint : " Check the path.")}");
        }
        output ??= path;
        OptionValues said = WithMemories(options.Read(parsed, given), budgets, given);
        if (sizes is not null)
            said = said.With(Build.Options.ModelOptions.FreeDimensions, sizes);
        if (said.Get(Build.Options.ModelOptions.FreeDimensions).Lists.Count > 0)
            throw SizeLists.OnlyOne(Build.Options.ModelOptions.FreeDimensions.Switch!.Name, "this command looks at one. Give one size or a range; 'optimize' writes a file for each", given);
        ModelItem item = new()
        {
            Name = given,
            SourcePath = path,
            SourceName = NameIn(Path.GetDirectoryName(output)!, path),
            TargetPath = Path.GetFileName(output),
            ProjectFolder = context.Folder,
            StagingFolder = Path.GetDirectoryName(output)!,
            Options = said,
            Request = said.Request(path) with
            {
                Format = ModelItem.FormatOf(said, given),
                SamplePaths = SampleFiles.Find(said.Get(Build.Options.ModelOptions.VerifyInputs), context.PathOf("."), given),
                Runtime = AppRuntime.Find(said.Get(Build.Options.ModelOptions.VerifyWith), AppRuntime.None, "", context.PathOf("."), given),
            },
            MemoryBudgetBytes = budgets?.MemoryBytes,
        };
        PlanCache? cache = options.Cache(parsed) is { } folder ? new PlanCache(context.PathOf(folder)) : null;
        try
        {
            // This process has one of its own.
            OptimizerEngine engine = options.InProcess(parsed) && item.Request.Runtime is null ? context.Engines.InProcess : context.Engines.Apart;
            return context.Console.Work(given, progress => Make(engine, item, cache, progress, cancellation));
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            // Under the name the user gave it, whatever path the stages knew.
            SerenityDiagnostic known = ProblemDiagnostic.Of(problem, given);
            throw new SerenityException(known.Code, known.File == path ? given : known.File, known.Message, problem) { Settings = known.Settings };
        }
    }

    // A device with several memories is planned for, where the executor can tell them apart.
    private static OptionValues WithMemories(OptionValues said, MemoryBudgets? budgets, string given)
    {
        Executor executor = said.Get(Build.Options.ModelOptions.Executor);
        if (said.Get(Build.Options.ModelOptions.Memories) is not null)
            return executor.Traits().HasOffsets ? said : throw ModelItem.MemoriesWithoutOffsets(executor, Build.Options.ModelOptions.Memories.Switch!.Name, given);
        return executor.Traits().HasOffsets && budgets?.Device is { } name && DeviceCatalog.Find(name) is { Memories.Count: > 0 } device
            ? said.With(Build.Options.ModelOptions.Memories, device.Memories) : said;
    }

    private static (MemoryManifest Manifest, OptimizedOutput Output, ModelItem Item, string SourceSha256) Make(
        OptimizerEngine engine, ModelItem item, PlanCache? cache, Action<PipelineStage>? progress, CancellationToken cancellation)
    {
        MadeModel made = new ModelBuild(engine, cache).Make(item with { Request = item.Request with { Progress = progress } }, cancellation);
        MemoryManifest manifest = made.Output.Manifest with
        {
            Source = new FileInfoEntry(item.SourceName, made.Source.Sha256),
            Output = new FileInfoEntry(item.TargetPath, ContentHash.Of(made.Output.Model)),
        };
        return (manifest, made.Output, item, made.Source.Sha256);
    }

    // No absolute path belongs into a manifest: relative to the output where the source lies there or below, else the name alone.
    private static string NameIn(string folder, string path)
    {
        string relative = Path.GetRelativePath(folder, path).Replace('\\', '/');
        return relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(path) : relative;
    }
}
