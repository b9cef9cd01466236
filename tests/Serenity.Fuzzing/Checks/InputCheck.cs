using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Build.Framework;
using Serenity.Build.Manifest;
using Serenity.Fuzzing.Inputs;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Checks;

/// <summary>What became of an input.</summary>
/// <param name="Ending">"built", or the code of the error.</param>
/// <param name="Problems">Promises that were not kept; each begins with a word that says which kind.</param>
/// <param name="Builds">How many times the model was optimized.</param>
public sealed record InputVerdict(string Ending, IReadOnlyList<string> Problems, int Builds = 1);

/// <summary>
/// Builds an input and holds the build to its promises: it ends in outputs or in one clear error, no exception gets out, nothing is written
/// elsewhere, no file is left half written, what was written is right and can be read again, and a second build finds nothing to do.
/// </summary>
public static class InputCheck
{
    /// <summary>Every so many inputs are built four times: again as they are, from nothing, and with something damaged that builds left.</summary>
    private const int RebuildEvery = 16;

    private static readonly string[] _unrecorded = [".memory.json", ".memory.plan", ".memory.h", ".html", "results.json"];

    /// <summary>Checks one input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="index">Its number.</param>
    /// <param name="root">A folder of the caller's own, which holds nothing else; TMPDIR must point to <c>tmp</c> in it.</param>
    /// <param name="isolate">Have models worked on in a child process.</param>
    public static InputVerdict Run(FuzzInput input, long index, string root, bool isolate)
    {
        List<string> problems = [];
        FuzzProject project = new(root, input, isolate);
        SortedDictionary<string, string> before = FolderListing.Of(root, project.Intermediate);
        BuildOutcome outcome;
        try
        {
            outcome = project.Build();
        }
        catch (Exception escaped)
        {
            // Whatever it is, MSBuild would print its stack.
            return new InputVerdict("escaped", [$"escaped: {escaped}"]);
        }
        CheckMessages(outcome, input, problems);
        if (FolderListing.Difference(before, FolderListing.Of(root, project.Intermediate)) is { } difference)
            problems.Add($"wrote elsewhere: {difference}");
        CheckFiles(input, project, outcome, problems);
        bool rebuilt = problems.Count == 0 && index % RebuildEvery == 0;
        if (rebuilt)
            CheckRebuilds(input, project, outcome, index, problems);
        // Of the three more, one finds nothing to do.
        return new InputVerdict(outcome.Engine.Errors.FirstOrDefault()?.Code ?? "built", problems, rebuilt ? 3 : 1);
    }

    private static void CheckMessages(BuildOutcome outcome, FuzzInput input, List<string> problems)
    {
        foreach (BuildErrorEventArgs error in outcome.Engine.Errors)
        {
            if (MessageRules.Problem(error.Code, error.Message) is { } problem)
                problems.Add($"error {error.Code}: {problem}: {error.Message} | {outcome.Engine.Details.LastOrDefault()}");
        }
        foreach (BuildWarningEventArgs warning in outcome.Engine.Warnings)
        {
            if (MessageRules.Problem(warning.Code, warning.Message) is { } problem)
                problems.Add($"warning {warning.Code}: {problem}: {warning.Message}");
        }
        foreach (string said in outcome.Engine.Said)
        {
            if (MessageRules.OfTable(said).Select(MessageRules.Problem).FirstOrDefault(p => p is not null) is { } problem)
                problems.Add($"message: {problem}: {said}");
        }
        int errors = outcome.Engine.Errors.Count;
        if (outcome.Passed != (errors == 0))
            problems.Add($"result: the tasks say {outcome.Passed} with {errors} errors");
        // One error a model. The project's budgets and devices are the check's, which tells all in one build; both budgets may be at fault at once.
        int budgets = outcome.Engine.Errors.Count(e => e.Code is SerenityCodes.OverMemoryBudget or SerenityCodes.OverWeightBudget
            || e.Code == SerenityCodes.BadOption && (e.Message?.Contains("Budget=\"", StringComparison.Ordinal) == true || e.Message?.Contains("Device", StringComparison.Ordinal) == true));
        // A list of sizes is a model for each.
        bool isList = input.Metadata.Any(m => m.Key == "FreeDimensions" && m.Value.Contains(',', StringComparison.Ordinal));
        if (!isList && (budgets > 2 || errors - budgets > 1) || isList && outcome.Engine.Errors.GroupBy(e => e.Message).Any(g => g.Key?.Contains("TargetPath", StringComparison.Ordinal) == true && g.Count() > 1))
            problems.Add($"errors: {errors} for one model: {string.Join(" / ", outcome.Engine.Errors.Select(e => e.Message))}");
    }

    private static void CheckFiles(FuzzInput input, FuzzProject project, BuildOutcome outcome, List<string> problems)
    {
        string[] files = Directory.Exists(project.Intermediate) ? Directory.GetFiles(project.Intermediate, "*", SearchOption.AllDirectories) : [];
        if (files.FirstOrDefault(f => f.EndsWith(".tmp", StringComparison.Ordinal)) is { } half)
            problems.Add($"half: {half}");
        // What became of the models is told there of every build, whatever became of them.
        string[] staged = [.. files.Where(f => f.StartsWith(project.Staging + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            && Path.GetFileName(f) is not (Build.Results.ResultsFile.Name or Build.Report.IndexPage.FileName))];
        if (!outcome.Optimized)
        {
            if (staged.Length > 0)
                problems.Add($"left behind: {string.Join(", ", staged)}");
            return;
        }
        string? missing = outcome.Outputs.Select(o => o.GetMetadata("FullPath")).FirstOrDefault(p => !File.Exists(p));
        if (missing is not null && outcome.Passed)
            problems.Add($"missing: {missing}");
        if (!outcome.Passed)
            return;
        string manifestPath = staged.Where(f => f.EndsWith(".memory.json", StringComparison.Ordinal)).MaxBy(f => f.Length)!;
        MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(manifestPath), manifestPath);
        string modelPath = Path.Combine(Path.GetDirectoryName(manifestPath)!, manifest.Output.Path);
        if (Sha256(File.ReadAllBytes(modelPath)) != manifest.Output.Sha256 || Sha256(input.Model!) != manifest.Source.Sha256)
            problems.Add("manifest: its hashes are not those of the files");
        string planPath = MemoryPlan.PathFor(modelPath);
        if (File.Exists(planPath) && MemoryPlan.Load(planPath).Blocks.Count != manifest.Blocks.Count)
            problems.Add("plan: it has not the blocks of the manifest");
        // Over several memories what counts is what accesses cost, not how much lies in each.
        if (manifest.Peak.LowerBoundBytes > manifest.Peak.LiveBytes || manifest.Peak.LiveBytes > manifest.Peak.Bytes || (manifest.Peak.Bytes > manifest.Peak.OriginalBytes
            && manifest.Memories is null))
            problems.Add($"manifest: bound {manifest.Peak.LowerBoundBytes}, live {manifest.Peak.LiveBytes}, peak {manifest.Peak.Bytes}, original {manifest.Peak.OriginalBytes}");
        // ONNX Runtime's own format; and where the item cuts the model or fixes inputs, it has another interface.
        if (manifest.Output.Path.EndsWith(".ort", StringComparison.Ordinal) || input.Metadata.Any(m => m.Key is "Inputs" or "Outputs" or "FixedInputs"))
            return;
        try
        {
            ModelProto source = ModelFile.Parse(input.Model!, "source"), written = ModelFile.Load(modelPath).Model;
            if (!source.Graph.Output.Select(v => v.Name).SequenceEqual(written.Graph.Output.Select(v => v.Name))
                || !Inputs(source).SequenceEqual(Inputs(written)))
                problems.Add("interface: inputs or outputs have other names");
            if (!source.MetadataProps.Equals(written.MetadataProps) || source.DocString != written.DocString)
                problems.Add("interface: metadata or doc string is lost");
        }
        catch (SerenityException problem)
        {
            problems.Add($"written: what was written cannot be read: {problem.Message}");
        }
    }

    /// <summary>Names of what a caller may give. Before IR version 4 every initializer stood among the inputs, and could not be given.</summary>
    private static IEnumerable<string> Inputs(ModelProto model) => model.Graph.Input.Select(v => v.Name)
        .Except(model.IrVersion < 4 ? model.Graph.Initializer.Select(t => t.Name) : [], StringComparer.Ordinal);

    private static void CheckRebuilds(FuzzInput input, FuzzProject project, BuildOutcome first, long index, List<string> problems)
    {
        Dictionary<string, string> made = Hashes(project);
        BuildOutcome second = project.Build();
        if (second.Passed != first.Passed)
            problems.Add("rebuild: ends otherwise");
        if (first.Optimized && second.Stale > 0)
            problems.Add("rebuild: nothing changed, yet it is optimized again");
        if (!Codes(first).SequenceEqual(Codes(second)))
            problems.Add($"rebuild: says {string.Join(' ', Codes(second))} after {string.Join(' ', Codes(first))}");
        if (!Same(made, Hashes(project)))
            problems.Add("rebuild: outputs changed");
        project.RemoveIntermediate();
        project.Build();
        if (!Same(made, Hashes(project)))
            problems.Add("determinism: outputs differ from those of the first build");
        CheckDamaged(input, project, made, index, problems);
    }

    /// <summary>Damages what builds left, plans in the cache or outputs, and builds again: the outputs are those of before.</summary>
    private static void CheckDamaged(FuzzInput input, FuzzProject project, Dictionary<string, string> made, long index, List<string> problems)
    {
        TestRandom random = new((ulong)index);
        bool cached = random.Chance(0.7);
        string folder = cached ? project.Cache : project.Staging;
        string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > 0).Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
            return;
        string damaged = random.Pick(files);
        byte[] bytes = File.ReadAllBytes(damaged);
        for (int flips = random.Next(1, 4); flips > 0; flips--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(damaged, random.Chance(0.3) ? bytes[..random.Next(bytes.Length)] : bytes);
        if (cached)
            project.RemoveOutputs();
        BuildOutcome outcome;
        try
        {
            outcome = project.Build();
        }
        catch (Exception escaped)
        {
            problems.Add($"escaped: with {Path.GetRelativePath(project.Root, damaged)} damaged: {escaped}");
            return;
        }
        CheckMessages(outcome, input, problems);
        // Manifests, and what is made from one alone, are written again whenever a verdict changes, so no record says what they were; what cannot be read is told.
        bool isRecorded = cached || !_unrecorded.Any(ending => damaged.EndsWith(ending, StringComparison.Ordinal));
        if (isRecorded && !Same(made, Hashes(project)))
            problems.Add($"damaged: with {Path.GetRelativePath(project.Root, damaged)} damaged, other outputs are built");
    }

    private static IEnumerable<string> Codes(BuildOutcome outcome) =>
        outcome.Engine.Errors.Select(e => e.Code).Concat(outcome.Engine.Warnings.Select(w => w.Code)).Order(StringComparer.Ordinal);

    private static Dictionary<string, string> Hashes(FuzzProject project) => !Directory.Exists(project.Staging) ? []
        : Directory.GetFiles(project.Staging, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".state", StringComparison.Ordinal))
            .ToDictionary(f => f, f => Sha256(File.ReadAllBytes(f)), StringComparer.Ordinal);

    private static bool Same(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Count == b.Count && a.All(f => b.TryGetValue(f.Key, out string? hash) && hash == f.Value);

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
