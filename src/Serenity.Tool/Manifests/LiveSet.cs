using Serenity.Build.Manifest;
using Serenity.Build.Report;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Manifests;

/// <summary>What is live at a step, one entry a buffer, from a manifest alone.</summary>
internal sealed class LiveSet
{
    private readonly MemoryManifest _manifest;

    /// <summary>Indexes a manifest's tensors.</summary>
    public LiveSet(MemoryManifest manifest)
    {
        _manifest = manifest;
        Uses = new BufferUses(manifest);
    }

    /// <summary>Who needs which buffer.</summary>
    public BufferUses Uses { get; }

    /// <summary>Tensors that take memory at a step, largest first. At the peak these are the manifest's own.</summary>
    public IReadOnlyList<(ProgramBuffer? Tensor, LiveTensor Live)> At(int step)
    {
        if (_manifest.PeakStep is { } peak && peak.Index == step)
            return [.. peak.Live.Select(live => (Uses.Find(live.Tensor), live))];
        Dictionary<string, ProgramBuffer> byBuffer = new(StringComparer.Ordinal);
        foreach (ProgramBuffer tensor in Uses.Buffers)
        {
            if (tensor.FirstStep > step || step > tensor.LastStep || tensor.Bytes == 0 || tensor.Parts is { Count: > 0 })
                continue;
            ProgramBuffer root = Uses.OwnerOf(tensor);
            if (!_manifest.Executor.Traits().CountsInputs && root.Kind == BufferKind.Input)
                continue;
            if (!byBuffer.TryGetValue(root.Name, out ProgramBuffer? known) || tensor.Bytes > known.Bytes)
                byBuffer[root.Name] = tensor;
        }
        return [.. byBuffer.Values.OrderByDescending(t => t.Bytes).ThenBy(t => t.FirstStep).ThenBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => ((ProgramBuffer?)t, new LiveTensor(t.Name, t.Bytes)))];
    }
}
