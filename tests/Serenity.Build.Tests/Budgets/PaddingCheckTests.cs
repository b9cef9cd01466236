using Serenity.Build.Checks;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Budgets;

[TestClass]
public sealed class PaddingCheckTests
{
    [TestMethod]
    [DataRow("float", "-1.5", null)]
    [DataRow("float", "-inf", null)]
    [DataRow("float", "true", null)]
    [DataRow("float", "1e39", "float, up to 3.4028234663852886E+38")]
    [DataRow("double", "1e39", null)]
    [DataRow("double", "1e400", "double, up to")]
    [DataRow("float16", "65504", null)]
    [DataRow("float16", "-65505", "float16, up to 65504")]
    [DataRow("bfloat16", "3.3e38", null)]
    [DataRow("bfloat16", "3.4e38", "bfloat16, up to")]
    [DataRow("int64", "0", null)]
    [DataRow("int64", "infinity", "int64")]
    [DataRow("uint8", "-1", "uint8, 0 to 255")]
    [DataRow("bool", "false", null)]
    [DataRow("string", "0", "string")]
    public void A_value_is_one_that_the_elements_can_have(string type, string value, string? refused)
    {
        IReadOnlyDictionary<string, string> padding = ModelOptions.Pad.Read("x=" + value, "Pad", "net.onnx")!;
        SerenityDiagnostic[] told = [.. PaddingCheck.Refused(TestManifest.Create().With(tensors: [new TensorFacts("x", 4, 0, 0, 0, TensorRole.Input, null, Type: type + "[1]")]), padding, "net.onnx")];
        Assert.HasCount(refused is null ? 0 : 1, told);
        if (refused is not null)
            Assert.Contains($"no value of its elements ({refused}", told[0].Message);
    }
}
