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
}
