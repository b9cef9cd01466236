using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Models;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Build.CodeGeneration;

/// <summary>What the generated code says of an input or output.</summary>
/// <param name="Identifier">Its name in the code.</param>
/// <param name="Name">Its name in the model.</param>
/// <param name="ElementType">Element type as ONNX calls it, such as <c>float</c>; null if it is not known.</param>
/// <param name="Shape">Its dimensions; -1 for one that is open; null if they are not known.</param>
public sealed record TensorCode(string Identifier, string Name, string? ElementType, IReadOnlyList<long>? Shape);

/// <summary>What the generated code says of a model in another layout.</summary>
/// <param name="Name">The layout, such as <c>blocked16</c>.</param>
/// <param name="RequiredBytes">What a memory budget is held against.</param>
/// <param name="BlockBytes">Bytes of the block in which a run takes place; 0 where none was planned.</param>
public sealed record LayoutCode(string Name, long RequiredBytes, long BlockBytes);

/// <summary>What the generated code says of one model.</summary>
/// <param name="Identifier">Name of its class or module.</param>
/// <param name="IsPublic">True to be seen by other assemblies.</param>
/// <param name="TargetPath">Path of the model in the output folder, with forward slashes.</param>
/// <param name="ManifestPath">Path of the manifest there.</param>
/// <param name="RequiredBytes">What a memory budget is held against; 0 for a model that was not planned.</param>
/// <param name="PeakBytes">Bytes of tensors at the peak; 0 for a model that was not planned.</param>
/// <param name="WeightBytes">Bytes of the weights; 0 for a model that was not planned.</param>
/// <param name="SessionOptions">Session options by name; null where ONNX Runtime is not what runs the model, or is not referenced.</param>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="BlockBytes">Bytes of the block in which a run takes place, 0 where none was planned; null where the project does not reference Serenity.Runtime.</param>
public sealed record ModelCode(
    string Identifier, bool IsPublic, string TargetPath, string ManifestPath, long RequiredBytes, long PeakBytes, long WeightBytes,
    IReadOnlyList<KeyValuePair<string, string>>? SessionOptions, IReadOnlyList<TensorCode> Inputs, IReadOnlyList<TensorCode> Outputs, long? BlockBytes = null)
{
    /// <summary>Runs that go on at a time: as many as a planned session lets.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>What a run needs at each size, where dimensions have ranges; else null.</summary>
    public RangeCode? Range { get; init; }

    /// <summary>Layouts that the model is written in besides the portable one, and that fit its budget; none where the project does not reference Serenity.Runtime, which picks one.</summary>
    public IReadOnlyList<LayoutCode> Layouts { get; init; } = [];

    /// <summary>What is to be said of models.</summary>
    /// <param name="models">The models, each with its manifest, or without one where it was not planned: then its own file tells of inputs and outputs.</param>
    /// <param name="referencesOnnxRuntime">True if the project references ONNX Runtime's managed API.</param>
    /// <param name="referencesSerenityRuntime">True if it references Serenity.Runtime too.</param>
    public static IReadOnlyList<ModelCode> Of(IReadOnlyList<(ModelItem Model, MemoryManifest? Manifest)> models, bool referencesOnnxRuntime, bool referencesSerenityRuntime = false)
    {
        ArgumentNullException.ThrowIfNull(models);
        IReadOnlyList<string> names = ModelNames.Of([.. models.Select(m => m.Model.TargetPath), .. SizedModelCode.WholePaths([.. models.Select(m => m.Model)])]);
        return [.. models.Select((m, i) => Of(names[i], m.Model, m.Manifest, referencesOnnxRuntime, referencesSerenityRuntime))];
    }

    private static ModelCode Of(string name, ModelItem model, MemoryManifest? manifest, bool referencesOnnxRuntime, bool referencesSerenityRuntime)
    {
        (IReadOnlyList<TensorCode> inputs, IReadOnlyList<TensorCode> outputs) = manifest is null ? Ends(model.SourcePath)
            : (Ends(manifest.Program.Inputs()), Ends(manifest.Program.Buffers.Where(b => b.Kind == BufferKind.Output)));
        bool runs = referencesOnnxRuntime && model.Options.Get(ModelOptions.Executor).Traits().RunsInSession;
        return new ModelCode(
            name, model.Options.Get(ModelOptions.Access) == CodeAccess.Public, model.TargetPath, Path.GetRelativePath(model.StagingFolder, model.ManifestPath).Replace('\\', '/'),
            manifest is null ? 0 : manifest.Peak.RequiredBytes, manifest?.Peak.Bytes ?? 0, manifest?.Weights.Bytes ?? 0,
            runs ? [.. (manifest?.SessionOptions ?? TruthfulSessionOptions.AsText(model.Request.Threads, model.Request.Prepack).ToDictionary(StringComparer.Ordinal))
                .OrderBy(o => o.Key, StringComparer.Ordinal)] : null,
            inputs, outputs,
            runs && referencesSerenityRuntime ? (manifest is { Blocks.Count: > 0 } ? manifest.Blocks[0].Bytes : 0) : null)
        {
            Concurrency = model.Request.Concurrency,
            Range = manifest is null ? null : RangeCode.Of(manifest.Range, manifest.Peak),
            Layouts = runs && referencesSerenityRuntime && manifest is not null
                ? [.. LayoutCheck.Within(manifest).Select(layout => LayoutOf(manifest, layout))] : [],
        };
    }

    private static LayoutCode LayoutOf(MemoryManifest manifest, PlanLayout layout) =>
        new(ManifestNames.Of(layout), LayoutCheck.RequiredBytes(manifest, layout) ?? 0, manifest.Plans.FirstOrDefault(p => p.Layout == layout)?.BlockBytes ?? 0);

    private static IReadOnlyList<TensorCode> Ends(IEnumerable<ProgramBuffer> tensors) =>
        Named([.. tensors.Select(t => (t.Name, ElementOf(t.Type), ShapeOf(t.Type, t.OpenShape)))]);

    /// <summary>Inputs and outputs as the file of a model declares them; none if it cannot be read, which whoever plans it will say.</summary>
    private static (IReadOnlyList<TensorCode> Inputs, IReadOnlyList<TensorCode> Outputs) Ends(string path)
    {
        try
        {
            GraphProto graph = ModelFile.Parse(File.ReadAllBytes(path), path).Graph;
            HashSet<string> weights = new(graph.Initializer.Select(i => i.Name), StringComparer.Ordinal);
            return (Named([.. graph.Input.Where(i => !weights.Contains(i.Name)).Select(Declared)]), Named([.. graph.Output.Select(Declared)]));
        }
        catch (Exception problem) when (problem is Onnx.Diagnostics.SerenityException or IOException or UnauthorizedAccessException)
        {
            return ([], []);
        }
    }

    private static (string, string?, IReadOnlyList<long>?) Declared(ValueInfoProto value)
    {
        TypeProto.Types.Tensor? tensor = value.Type?.TensorType;
        string? element = tensor is null ? null : ((TensorProto.Types.DataType)tensor.ElemType).ToString().ToLowerInvariant();
        return (value.Name, element, tensor?.Shape?.Dim.Select(d => d.HasDimValue ? d.DimValue : -1).ToArray());
    }

    private static IReadOnlyList<TensorCode> Named(IReadOnlyList<(string Name, string? ElementType, IReadOnlyList<long>? Shape)> ends)
    {
        IReadOnlyList<string> names = ModelNames.OfTensors([.. ends.Select(e => e.Name)]);
        return [.. ends.Select((e, i) => new TensorCode(names[i], e.Name, e.ElementType, e.Shape))];
    }

    // "float[1,8,32,32]", as the manifest writes types.
    private static string? ElementOf(string? type) => type is null ? null : type.IndexOf('[', StringComparison.Ordinal) is >= 0 and int at ? type[..at] : type;

    // What is open, a formula or ?, is no number.
    private static long[]? ShapeOf(string? type, IReadOnlyList<string>? open)
    {
        int at = type?.IndexOf('[', StringComparison.Ordinal) ?? -1;
        if (at < 0)
            return null;
        IReadOnlyList<string> parts = open ?? type![(at + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return [.. parts.Select(p => long.TryParse(p, System.Globalization.CultureInfo.InvariantCulture, out long size) ? size : -1)];
    }
}
