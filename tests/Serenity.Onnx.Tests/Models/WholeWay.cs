using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Models;

/// <summary>A model written to a file, and optimized from there as a build would.</summary>
internal static class WholeWay
{
    public static OptimizationResult Optimize(ModelProto model, Executor executor = Executor.OnnxRuntime, bool verify = true, bool fuse = true, double workLimit = 1.1,
        Func<OptimizeRequest, OptimizeRequest>? request = null)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        OptimizeRequest asked = new() { ModelPath = path, Executor = executor, Verify = verify, Fuse = fuse, WorkLimit = workLimit };
        return ModelOptimizer.Optimize(request?.Invoke(asked) ?? asked);
    }
}
