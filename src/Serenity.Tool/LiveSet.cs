using Serenity.Build.Manifest;
using Serenity.Onnx.Pipeline;

namespace Serenity.Tool;

/// <summary>What is live at a step, one entry a buffer, from a manifest alone.</summary>
internal sealed class LiveSet
{
    private readonly MemoryManifest _manifest;
    private readonly Dictionary<string, TensorFacts> _byName = new(StringComparer.Ordinal);

    /// <summary>Indexes a manifest's tensors.</summary>
    public LiveSet(MemoryManifest manifest)
    {
        _manifest = manifest;
        foreach (TensorFacts tensor in manifest.Tensors)
            _byName.TryAdd(tensor.Name, tensor);
    }

    /// <summary>Tensors that take memory at a step, largest first. At the peak these are the manifest's own.</summary>
    public IReadOnlyList<(TensorFacts? Tensor, LiveTensor Live)> At(int step)
    {
        if (_manifest.PeakStep is { } peak && peak.Index == step)
            return [.. peak.Live.Select(live => (_byName.GetValueOrDefault(live.Tensor), live))];
        Dictionary<string, TensorFacts> byBuffer = new(StringComparer.Ordinal);
        foreach (TensorFacts tensor in _manifest.Tensors)
        {
            if (tensor.FirstStep > step || step > tensor.LastStep || tensor.Bytes == 0 || tensor.Parts is { Count: > 0 })
                continue;
            TensorFacts root = Root(tensor);
            // ONNX Runtime leaves inputs to the caller.
            if (_manifest.Executor == Executor.OnnxRuntime && root.Role == TensorRole.Input)
                continue;
            if (!byBuffer.TryGetValue(root.Name, out TensorFacts? known) || tensor.Bytes > known.Bytes)
                byBuffer[root.Name] = tensor;
        }
        return [.. byBuffer.Values.OrderByDescending(t => t.Bytes).ThenBy(t => t.FirstStep).ThenBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => ((TensorFacts?)t, new LiveTensor(t.Name, t.Bytes)))];
    }

    // A damaged manifest could send the chain in a circle, so it is walked a limited way.
    private TensorFacts Root(TensorFacts tensor)
    {
        for (int hops = 0; tensor.AliasOf is { } of && hops < _byName.Count && _byName.TryGetValue(of, out TensorFacts? next); hops++)
            tensor = next;
        return tensor;
    }
}
