using System.Diagnostics;
using System.Globalization;
using Serenity.Build.Blocks;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;

namespace Serenity.Benchmarks.Runs;

/// <summary>How a model is planned for <see cref="PlannedBenchmark"/>.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Rewrite">Rewrites.</param>
/// <param name="Partition">Whether regions may run in pieces.</param>
internal sealed record PlannedForm(string Name, RewriteLevel Rewrite, bool Partition);

/// <summary>
/// Writes a model, its layouts, data and plans to a folder, in a process of its own: the build's measuring allocator and the planned sessions' own cannot be in one.
/// </summary>
internal static class PlannedModel
{
    private const string PortableOnly = "--portable", Verb = "--make";

    /// <summary>Makes a model in this process if the arguments say so; null if they do not.</summary>
    public static int? Make(string[] args) =>
        args is [Verb, var source, var folder, var rewrite, var threads, var partition, .. var how]
            ? Make(source, folder, Enum.Parse<RewriteLevel>(rewrite), int.Parse(threads, CultureInfo.InvariantCulture), bool.Parse(partition), !how.Contains(PortableOnly)) : null;

    /// <summary>Has another process make it.</summary>
    /// <param name="path">The source model.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="form">How it is planned.</param>
    /// <param name="threads">For how many threads.</param>
    /// <param name="args">Arguments of the command, of which some are for the maker.</param>
    /// <returns>What went wrong; null if nothing did.</returns>
    public static string? MakeApart(string path, string folder, PlannedForm form, int threads, string[] args)
    {
        Directory.CreateDirectory(folder);
        using Process maker = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!,
            [.. Host(), "planned", Verb, path, folder, form.Rewrite.ToString(), threads.ToString(CultureInfo.InvariantCulture), form.Partition.ToString(), .. args.Where(a => a == PortableOnly)])
        { RedirectStandardError = true })!;
        string error = maker.StandardError.ReadToEnd();
        maker.WaitForExit();
        return maker.ExitCode == 0 ? null : error.Trim().ReplaceLineEndings(" ");
    }

    private static int Make(string path, string folder, RewriteLevel rewrite, int threads, bool partition, bool layouts)
    {
        try
        {
            SuppliedModel model = SuppliedModel.Load(path);
            OptimizeRequest request = new() { ModelPath = model.File.Path, Rewrite = rewrite, FreeDimensions = model.FreeDimensions, Threads = threads, Partition = partition };
            if (layouts)
                request = request with { Layouts = [PlanLayout.Blocked8, PlanLayout.Blocked16], LayoutsWhereUseful = true, Targets = [TargetArchitecture.X64] };
            OptimizationResult result = ModelOptimizer.Optimize(request);
            FileInfoEntry none = new("net.onnx", "");
            MemoryManifest manifest = ManifestBuilder.Build(request, result, none, none);
            if (manifest.Blocks.Count == 0)
                throw new SerenityException(SerenityCodes.NotVerified, path, $"no block: {result.Verification?.Reason}");
            WrittenModel.Create(result.Model, Path.GetFullPath(path), "net.onnx").Save(Path.Combine(folder, "net.onnx"));
            File.WriteAllText(Path.Combine(folder, "net.memory.plan"), PlanFile.Render(manifest));
            File.WriteAllText(Path.Combine(folder, "net.bytes"), result.Peak.RequiredBytes.ToString(CultureInfo.InvariantCulture));
            for (int i = 0; i < result.Variants.Count; i++)
            {
                string name = Path.Combine(folder, "net." + result.Variants[i].Layout.ToString().ToLowerInvariant());
                WrittenModel.Create(result.VariantModels[i], Path.GetFullPath(path), Path.GetFileName(name) + ".onnx").Save(name + ".onnx");
                File.WriteAllText(name + ".memory.plan", PlanFile.Render(result.Variants[i]));
                File.WriteAllText(name + ".bytes", result.Plans.Single(p => p.Layout == result.Variants[i].Layout).Account.RequiredBytes.ToString(CultureInfo.InvariantCulture));
            }
            return 0;
        }
        catch (SerenityException e)
        {
            Console.Error.WriteLine($"{e.Code} {e.Message}");
            return 1;
        }
    }

    /// <summary>Arguments that come before ours where the process is the .NET host.</summary>
    public static string[] Host() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(PlannedModel).Assembly.Location] : [];
}
