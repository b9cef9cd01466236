using System.Collections.Concurrent;
using Serenity.Build.Items;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Output;

/// <summary>How far the models are that a build works on, those begun ahead included.</summary>
internal sealed class ModelProgress
{
    private readonly ConcurrentDictionary<string, PipelineStage> _stages = new(StringComparer.Ordinal);

    /// <summary>The same model, of which the optimizer tells its stages here.</summary>
    public ModelItem Watched(ModelItem item) => item with { Request = item.Request with { Progress = stage => _stages[item.ModelPath] = stage } };

    /// <summary>The stage that a model is in; the first where nothing was told yet.</summary>
    public PipelineStage Of(ModelItem item) => _stages.GetValueOrDefault(item.ModelPath);
}
