using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Device;

/// <summary>A shared model, planned for an architecture and written to a file.</summary>
/// <param name="Name">The model's path below the shared models.</param>
/// <param name="Path">Where it was written.</param>
/// <param name="Result">What the plan says.</param>
internal sealed record TargetedModel(string Name, string Path, OptimizationResult Result)
{
    /// <summary>Bytes that a run needs by the plan.</summary>
    public long RequiredBytes => Result.Peak.Bytes + (Result.Peak.WorkspaceBytes ?? 0);

    /// <summary>Plans and writes a model; null where the shared models are missing.</summary>
    /// <param name="name">Its path below the shared models.</param>
    /// <param name="folder">The folder to write to.</param>
    /// <param name="targets">What it is planned for.</param>
    public static TargetedModel? TryMake(string name, string folder, params TargetArchitecture[] targets) => TryMake(name, folder, partition: true, targets);

    /// <summary>Plans and writes a model, in pieces or not; null where the shared models are missing.</summary>
    public static TargetedModel? TryMake(string name, string folder, bool partition, params TargetArchitecture[] targets)
    {
        if (SharedData.PathOf("models/" + name) is not { } source || !File.Exists(source))
            return null;
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = source,
            FreeDimensions = SharedRunInputs.FreeDimensions(System.IO.Path.GetFileName(source), ModelFile.Load(source).Model),
            Targets = targets,
            Partition = partition,
        });
        string path = System.IO.Path.Combine(folder, System.IO.Path.GetFileName(name));
        File.WriteAllBytes(path, result.Model.ToByteArray());
        return new TargetedModel(name, path, result);
    }
}
