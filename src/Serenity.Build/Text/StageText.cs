using Serenity.Onnx.Contract;

namespace Serenity.Build.Text;

/// <summary>What is being done with a model, for those who wait for it.</summary>
public static class StageText
{
    /// <summary>A stage, as words behind the model's name.</summary>
    public static string Of(PipelineStage stage) => stage switch
    {
        PipelineStage.Load => "reading the model",
        PipelineStage.MeasureOriginal => "finding what it costs today",
        PipelineStage.Fuse => "applying ONNX Runtime's fusions",
        PipelineStage.Search => "searching the best order",
        PipelineStage.Place => "placing tensors",
        PipelineStage.Verify => "running both models to compare them",
        _ => stage.ToString(),
    };
}
