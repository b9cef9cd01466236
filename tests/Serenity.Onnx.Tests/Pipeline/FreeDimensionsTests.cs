using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>A model whose sizes come from the item's FreeDimensions goes the whole way, fused or not.</summary>
[TestClass]
public sealed class FreeDimensionsTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Sizes_asked_for_by_name_are_planned_for(bool fuse)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(TinyModels.Convolution(4, 8).Bytes);
        model.Graph.Node[0].Output[0] = "c";
        model.Graph.Node.Add(TinyModels.Node("Relu", "relu", ["c"], ["y"]));
        foreach (ValueInfoProto value in model.Graph.Input.Concat(model.Graph.Output))
            value.Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimParam = "batch" };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, "model.onnx");
            File.WriteAllBytes(path, RunnableModel.Of(model).Bytes);
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
            {
                ModelPath = path,
                Fuse = fuse,
                FreeDimensions = new Dictionary<string, long>(StringComparer.Ordinal) { ["batch"] = 3 },
            });

            long output = 3 * 4 * 8 * 8 * 4;
            Assert.AreEqual(output * (fuse ? 1 : 2), result.Peak.Bytes);
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
    /// <summary>A project's sizes for all its models: one has the dimension, the other has not.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Default_sizes_that_a_model_has_no_dimension_for_are_left_out(bool isolated)
    {
        ModelProto open = ModelProto.Parser.ParseFrom(TinyModels.Convolution(4, 8).Bytes), set = open.Clone();
        foreach (ValueInfoProto value in open.Graph.Input.Concat(open.Graph.Output))
            value.Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimParam = "batch" };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            Assert.AreEqual(3L * 4 * 8 * 8 * 4, Optimize("open.onnx", open, defaults: true).Peak.Bytes);
            Assert.AreEqual(1L * 4 * 8 * 8 * 4, Optimize("set.onnx", set, defaults: true).Peak.Bytes);
            Assert.AreEqual(SerenityCodes.BadFreeDimension, Assert.ThrowsExactly<SerenityException>(() => Optimize("set.onnx", set, defaults: false)).Code);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        OptimizationFacts Optimize(string name, ModelProto model, bool defaults)
        {
            string path = Path.Combine(folder.FullName, name);
            File.WriteAllBytes(path, RunnableModel.Of(model).Bytes);
            OptimizeRequest request = new()
            {
                ModelPath = path,
                FreeDimensions = new Dictionary<string, long>(StringComparer.Ordinal) { ["batch"] = 3, ["seq"] = 5 },
                FreeDimensionsAreDefaults = defaults,
            };
            if (!defaults)
                request = request with { FreeDimensions = new Dictionary<string, long>(StringComparer.Ordinal) { ["batch"] = 3 } };
            if (!isolated)
                return ModelOptimizer.Optimize(request);
            using OptimizerHost host = new();
            return host.Optimize(request).Facts;
        }
    }
}
