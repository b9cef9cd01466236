using System.Text.Json;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Tool.Tests;

/// <summary><c>compare</c> of one model with itself elsewhere.</summary>
[TestClass]
public sealed class KernelComparisonTests
{
    private static ToolRun Run()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime here.");
        ToolRun run = new() { Engine = (request, cancellation) => ModelOptimizer.Finish(request, cancellation) };
        OnnxModelBuilder builder = new("depthwise");
        string value = builder.Input("x", DataType.Float, 1, 8, 14, 14);
        string wide = builder.Node("Conv", [value, builder.Weight(new float[8 * 9], 8, 1, 3, 3)], ("group", 8), ("pads", new long[] { 1, 1, 1, 1 }));
        builder.Output(builder.Node("Relu", [wide]), DataType.Float, 1, 8, 14, 14);
        ModelFile.Save(builder.Build(), run.PathOf("cell.onnx"));
        return run;
    }

    [TestMethod]
    public async Task Tells_which_kernels_take_other_amounts_on_another_architecture()
    {
        using ToolRun run = Run();
        Assert.AreEqual(0, await run.RunAsync("compare", "cell.onnx", "--target", "x64", "--target", "arm64", "--json"), run.Error);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.AreEqual("x64", json.RootElement.GetProperty("before").GetProperty("architecture").GetString());
        Assert.AreEqual("arm64", json.RootElement.GetProperty("after").GetProperty("architecture").GetString());
        JsonElement kernel = json.RootElement.GetProperty("kernels").EnumerateArray().Single();
        // As the table of docs/onnxruntime.md has it: 65,536, and a row of the image with its borders.
        Assert.AreEqual(65_536, kernel.GetProperty("beforeBytes").GetInt64());
        Assert.AreEqual((14 + 2) * sizeof(float), kernel.GetProperty("afterBytes").GetInt64());
        Assert.AreEqual(kernel.GetProperty("afterBytes").GetInt64() - kernel.GetProperty("beforeBytes").GetInt64(), json.RootElement.GetProperty("differenceBytes").GetInt64());
        Assert.AreEqual(0, await run.RunAsync("compare", "cell.onnx", "--target", "x64", "--target", "arm64", "--fail-if-larger"), run.Error);
        Assert.Contains("kernel's own bytes", run.Output);
    }

    [TestMethod]
    public async Task Says_that_nothing_differs_and_what_is_missing()
    {
        using ToolRun run = Run();
        File.WriteAllText(run.PathOf("libonnxruntime.so"), "the engine of this test has one of its own");
        Assert.AreEqual(0, await run.RunAsync("compare", "cell.onnx", "--runtime", "libonnxruntime.so"), run.Error);
        Assert.Contains("Every kernel takes the same.", run.Output);
        Assert.AreEqual(2, await run.RunAsync("compare", "cell.onnx"));
        Assert.Contains("--runtime", run.Error);
        Assert.AreEqual(2, await run.RunAsync("compare", "cell.onnx", "cell.onnx", "--runtime", "libonnxruntime.so"));
        Assert.AreEqual(2, await run.RunAsync("compare", "cell.onnx", "--runtime", "missing.so"));
    }
}
