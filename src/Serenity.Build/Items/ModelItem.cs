using System.Globalization;
using Microsoft.Build.Framework;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>A <c>SerenityModel</c> item: the model, its options, and where its outputs go.</summary>
public sealed record ModelItem
{
    /// <summary>Metadata by which <c>SerenityPrepare</c> hands the settled memory budget on to <c>SerenityOptimize</c>, in bytes.</summary>
    internal const string BudgetMetadata = "_MemoryBudgetBytes";

    /// <summary>Metadata of items of one model: what tells this one from the others, as <see cref="Twins"/> found it.</summary>
    internal const string TwinMetadata = "_As";

    // Before the name of an option: the project's own value (see Serenity.Build.props), so that a default can be told from what an item says.
    internal const string Projects = "_Default";

    /// <summary>The item as the user named it, with where it goes if other items name the same model, and its sizes where it has several models; what diagnostics point at.</summary>
    public required string Name { get; init; }

    /// <summary>Where it goes, if that is what tells it from other items of the same model; empty for the only one.</summary>
    public string Twin { get; init; } = "";

    /// <summary>The sizes that tell the model from others of the same item, as <c>seq=128</c>; empty for the only one.</summary>
    public string Sizes { get; init; } = "";

    /// <summary>Where the models of an item would go if it had one, relative to the output folder, with forward slashes; empty where it has one.</summary>
    public string WholeTargetPath { get; init; } = "";

    /// <summary>Absolute path of the source model.</summary>
    public required string SourcePath { get; init; }

    /// <summary>The source's path for the manifest: relative to the project where it lies in it, with forward slashes.</summary>
    public required string SourceName { get; init; }

    /// <summary>Where the optimized model goes, relative to the output folder, with forward slashes.</summary>
    public required string TargetPath { get; init; }

    /// <summary>The same as the item has it: where the source itself goes where models are passed through.</summary>
    public string SourceTargetPath { get; init; } = "";

    /// <summary>Absolute path of the project's folder; where there is no project, the folder that paths start from.</summary>
    public required string ProjectFolder { get; init; }

    /// <summary>Absolute path of the file with the figures that it may not exceed; null for none.</summary>
    public string? BaselinePath => Options.Get(ModelOptions.Baseline) is { Length: > 0 } path ? Path.GetFullPath(path, ProjectFolder) : null;

    /// <summary>Absolute path of the folder that stands for the output folder while building (in obj).</summary>
    public required string StagingFolder { get; init; }

    /// <summary>What was said of the model.</summary>
    public required OptionValues Options { get; init; }

    /// <summary>What is asked of the optimizer.</summary>
    public required OptimizeRequest Request { get; init; }

    /// <summary>How long a run may take where the budget needs it, as a multiple of the predicted time; see <see cref="Output.WorkLadder"/>.</summary>
    public double WorkLimit => Options.Get(ModelOptions.WorkLimit);

    /// <summary>What the model may cost, in bytes: chooses among plans. Null for no budget, or where it does not matter.</summary>
    public long? MemoryBudgetBytes { get; init; }

    /// <summary>Write the report.</summary>
    public bool Report => Options.Get(ModelOptions.Report);

    /// <summary>Write the arena header: where the project asks for headers, of models that can have one.</summary>
    public bool Header => Options.Get(ModelOptions.Header) && Options.Get(ModelOptions.Executor).Traits().HasOffsets;

    /// <summary>File name of the optimized model without the ending of its format.</summary>
    public string BaseName => ModelFormats.WithoutExtension(TargetPath[(TargetPath.LastIndexOf('/') + 1)..]);

    /// <summary>Absolute path of the optimized model in the staging folder.</summary>
    public string ModelPath => Path.Combine(StagingFolder, TargetPath.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Absolute path of the manifest in the staging folder.</summary>
    public string ManifestPath => Beside(".memory.json");

    /// <summary>Absolute path of the report in the staging folder.</summary>
    public string ReportPath => Beside(".memory.html");

    /// <summary>Absolute path of the arena header in the staging folder.</summary>
    public string HeaderPath => Beside(".memory.h");

    /// <summary>Absolute path of the plan of a run's memory in the staging folder.</summary>
    public string PlanPath => Beside(".memory.plan");

    /// <summary>Absolute path of the model in a layout besides the portable one, in the staging folder.</summary>
    public string VariantPath(PlanLayout layout) => Beside($".{ManifestNames.Of(layout)}.onnx");

    /// <summary>Absolute path of the plan of that.</summary>
    public string VariantPlanPath(PlanLayout layout) => Beside($".{ManifestNames.Of(layout)}.memory.plan");

    /// <summary>Absolute path of the record of what the outputs were made from; see <see cref="Output.OutputState"/>.</summary>
    public string StatePath => ModelPath + Output.OutputState.Ending;

    /// <summary>Everything but the model's content that decides a plan, as text.</summary>
    public string OptionsKey => string.Join(
        '|', OptionValues.Of(Request).KeyOf(OptionEffect.Result), Request.FreeDimensionsAreDefaults ? "defaults" : "",
        Request.WorkLimit.ToString(CultureInfo.InvariantCulture), Request.LayoutBytes?.ToString(CultureInfo.InvariantCulture), Request.TrafficPeak?.ToString(CultureInfo.InvariantCulture),
        string.Join(';', Request.SamplePaths.Select(Path.GetFileName)), FillingKey(Request.Filled), AppRuntime.KeyOf(Request.Runtime), ToolIdentity.Fingerprint);

    private static string FillingKey(Filling? filled)
    {
        IEnumerable<string> values = (filled?.Values ?? new Dictionary<string, string>()).Select(v => $"{v.Key}={v.Value}").Order(StringComparer.Ordinal);
        IEnumerable<string> from = (filled?.From ?? new Dictionary<string, long>()).Select(s => FormattableString.Invariant($"{s.Key}<{s.Value}")).Order(StringComparer.Ordinal);
        return string.Join(';', values.Concat(from));
    }

    /// <summary>The same, with a plan asked for that may take so long, as a multiple of the source's predicted time.</summary>
    public ModelItem Within(double work) => this with { Request = Request with { WorkLimit = work } };

    /// <summary>The same, with layouts besides the portable one asked for that stay within so many bytes.</summary>
    public ModelItem WithLayoutsWithin(long bytes) => this with { Request = Request with { LayoutBytes = bytes } };

    /// <summary>The same, with an arena asked for that takes no more than so many bytes for less traffic.</summary>
    public ModelItem WithTrafficWithin(long bytes) => this with { Request = Request with { TrafficPeak = bytes } };

    /// <summary>Reads an item.</summary>
    /// <param name="item">The item; with <c>TargetPath</c> assigned.</param>
    /// <param name="projectFolder">Absolute path of the project's folder.</param>
    /// <param name="stagingFolder">Absolute path of the folder in obj.</param>
    /// <exception cref="SerenityException">SER1101: a value is not understood; SER1103: the target lies outside the output folder.</exception>
    public static ModelItem Read(ITaskItem item, string projectFolder, string stagingFolder)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.ItemSpec.Contains('\0'))
            throw new SerenityException(SerenityCodes.BadOption, item.ItemSpec, "The name of the SerenityModel item holds a null character, so it is no path. Name the .onnx file.");
        // What makes no name of a file is no fault of a TargetPath that nobody wrote.
        if (item.ItemSpec.EndsWith('/') || item.ItemSpec.EndsWith('\\'))
            throw new SerenityException(SerenityCodes.ModelNotFound, item.ItemSpec, "This is a folder, not a model. Name the .onnx file itself, or use models/*.onnx.");
        if (IsAddress(item.ItemSpec))
            throw new SerenityException(SerenityCodes.ModelNotFound, item.ItemSpec, "This is an address, not a file: a build downloads nothing. Download the model, and name the file.");
        string source = Path.GetFullPath(item.ItemSpec, projectFolder), twin = item.GetMetadata(TwinMetadata), name = Named(item.ItemSpec, twin, "");
        if (NearestFile.IsOfWindows(item.ItemSpec) && !File.Exists(source))
            throw new SerenityException(SerenityCodes.ModelNotFound, name, $"The model does not exist at '{item.ItemSpec}'. {NearestFile.WindowsPath}");
        OptionValues options = OptionValues.Read(
            ModelOptions.All, option => ItemText.Of(item, option.Name, option), option => ItemText.Of(item, Projects + option.Name, option), option => option.Name, name);
        Executor executor = options.Get(ModelOptions.Executor);
        if (options.Get(ModelOptions.Header) && !executor.Traits().HasOffsets && !options.IsProjects(ModelOptions.Header))
        {
            throw new SerenityException(
                SerenityCodes.BadOption, name,
                $"Header=\"true\" needs Executor=\"StaticArena\": with Executor=\"{executor}\" the runtime places the tensors itself, so there are no offsets to write down.");
        }
        string sizes = SizeLists.SizesOf(item);
        if (options.Get(ModelOptions.FreeDimensions).Lists.Count > 0)
            throw SizeLists.OnlyOne(ModelOptions.FreeDimensions.Property!, "a property holds for all models. List them at the SerenityModel item that has the dimension", name);
        if (options.Get(ModelOptions.Pad) is not null && sizes.Length == 0)
        {
            throw new SerenityException(
                SerenityCodes.BadOption, name,
                "Pad says what inputs are filled with that are shorter than a file of the model takes, and there is only one file, which takes the sizes that it says. List several, as FreeDimensions=\"seq=128,256,512\", or remove Pad.");
        }
        ModelFormat format = FormatOf(options, name);
        // What is wrong with a path that was written once is told of that, and not of what is made of it for each size.
        string wholeTarget = SizeLists.WholeOf(item) is { Length: > 0 } whole ? PathIn(format, ReadTargetPath(whole, item.ItemSpec, name), name) : "";
        string target = ReadTargetPath(options.Get(ModelOptions.TargetPath), item.ItemSpec, name);
        if (options.Get(ModelOptions.Memories) is not null && !executor.Traits().HasOffsets && !options.IsProjects(ModelOptions.Memories))
            throw MemoriesWithoutOffsets(executor, ModelOptions.Memories.Name, name);
        return new ModelItem
        {
            Name = Named(item.ItemSpec, twin, sizes),
            Twin = twin,
            Sizes = sizes,
            WholeTargetPath = wholeTarget,
            SourcePath = source,
            SourceName = RelativeName(source, projectFolder),
            TargetPath = PathIn(format, target, name),
            SourceTargetPath = target,
            ProjectFolder = projectFolder,
            StagingFolder = stagingFolder,
            Options = options,
            Request = options.Request(source) with
            {
                Format = format,
                Filled = options.Get(ModelOptions.Pad) is { } padding && SizeLists.FilledFrom(item) is { Count: > 0 } from ? new Filling(padding, from) : null,
                SamplePaths = SampleFiles.Find(options.Get(ModelOptions.VerifyInputs), projectFolder, name),
                Runtime = AppRuntime.Find(options.Get(ModelOptions.VerifyWith), item.GetMetadata(AppRuntime.LibraryMetadata), item.GetMetadata(AppRuntime.AssemblyMetadata), projectFolder, name),
            },
            MemoryBudgetBytes = long.TryParse(item.GetMetadata(BudgetMetadata), NumberStyles.None, CultureInfo.InvariantCulture, out long budget) ? budget : null,
        };
    }

    /// <summary>The format that a model is written as: the one that was asked for, but where the project asks for all its models and nothing loads this one.</summary>
    internal static ModelFormat FormatOf(OptionValues options, string name)
    {
        Executor executor = options.Get(ModelOptions.Executor);
        ModelFormat format = options.Get(ModelOptions.Format);
        if (format == ModelFormat.Onnx || executor.Traits().RunsInSession)
            return format;
        return options.IsProjects(ModelOptions.Format) ? ModelFormat.Onnx : throw new SerenityException(
            SerenityCodes.BadOption, name, $"Format=\"{format}\" is about how ONNX Runtime loads a model, and with Executor=\"{executor}\" it does not. Remove one of the two.");
    }

    /// <summary>ONNX Runtime tells its own format by the ending of the name.</summary>
    private static string PathIn(ModelFormat format, string target, string name)
    {
        string ending = format.Extension();
        if (target.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            return target;
        string other = ModelFormat.Ort.Extension(), usual = ModelFormat.Onnx.Extension();
        if (format == ModelFormat.Ort)
        {
            return target.EndsWith(usual, StringComparison.OrdinalIgnoreCase) ? target[..^usual.Length] + ending : throw new SerenityException(
                SerenityCodes.BadTargetPath, name, $"TargetPath=\"{target}\" does not end in {ending}, by which ONNX Runtime tells the files of Format=\"Ort\". Give the model such a name.");
        }
        return !target.EndsWith(other, StringComparison.OrdinalIgnoreCase) ? target : throw new SerenityException(
            SerenityCodes.BadTargetPath, name, $"TargetPath=\"{target}\" ends in {other}, by which ONNX Runtime tells files of its own format. Set Format=\"Ort\", or give the model another name.");
    }

    /// <summary>The error for memories that nobody places tensors in.</summary>
    /// <param name="executor">The executor.</param>
    /// <param name="spelled">What the user calls the option.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityException MemoriesWithoutOffsets(Executor executor, string spelled, string file) => new(
        SerenityCodes.BadOption, file,
        $"{spelled} needs the executor StaticArena: with {executor} the runtime places the tensors itself, in one memory.");

    private static string Named(string item, string twin, string sizes) =>
        string.Join(", ", new[] { twin.Length == 0 ? "" : $"as {twin}", sizes }.Where(part => part.Length > 0)) is { Length: > 0 } note ? $"{item} ({note})" : item;

    private static string ReadTargetPath(string target, string item, string name)
    {
        if (target.Length == 0)
            target = Path.GetFileName(item);
        if (target.Contains("$(", StringComparison.Ordinal) && !item.Contains("$(", StringComparison.Ordinal))
            throw new SerenityException(SerenityCodes.BadTargetPath, name, $"TargetPath=\"{target}\" holds an expression that MSBuild did not expand. Write it where MSBuild does, or give the path itself.");
        target = target.Replace('\\', '/');
        string[] parts = target.Split('/');
        // Control characters make names that no other tool can deal with, and null is no part of a path at all.
        if (Path.IsPathRooted(target) || target.Contains(':', StringComparison.Ordinal) || target.Any(char.IsControl) || parts.Any(p => p is "" or "." or ".."))
        {
            throw new SerenityException(
                SerenityCodes.BadTargetPath, name,
                $"TargetPath=\"{target}\" does not name a file inside the output folder. Give a relative path without '..' or control characters, such as models/net.onnx.");
        }
        return target;
    }

    // A drive has one letter before its colon. MSBuild may have made one slash of two.
    private static bool IsAddress(string item) =>
        item.IndexOf(':', StringComparison.Ordinal) is > 1 and var colon && colon + 1 < item.Length && item[colon + 1] is '/' or '\\' && item[..colon].All(char.IsAsciiLetterOrDigit);

    private static string RelativeName(string source, string projectFolder)
    {
        string relative = Path.GetRelativePath(projectFolder, source).Replace('\\', '/');
        // Elsewhere, on another drive even: no absolute path belongs into the manifest.
        return relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(source) : relative;
    }

    private string Beside(string extension) => Path.Combine(Path.GetDirectoryName(ModelPath)!, BaseName + extension);
}
