using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Models;

/// <summary>A model written to a file, and optimized from there as a build would.</summary>
internal static class WholeWay
{
    public static OptimizationResult Optimize(ModelProto model, Executor executor = Executor.OnnxRuntime, bool verify = true)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)), Executor = executor, Verify = verify });
    }
}
