using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Runtime;

/// <summary>Types that ONNX Runtime tells of a model that it has read, against those of a session that is ready to run.</summary>
[TestClass]
public sealed class InterfaceTypesTests
{
    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    public void A_session_that_is_not_made_ready_tells_the_same_types()
    {
        ModelProto[] models =
        [
            .. Enumerable.Range(1, 40).Select(seed => RandomModel.Create((ulong)seed).Model), IrregularModels.WattsStrogatz(), IrregularModels.DartsCell(),
            SentenceEncoder.Create(layers: 1, width: 16, heads: 2), OpenModels.DecoderStep(layers: 1, width: 16, heads: 2), .. DetectorModels.Kinds.Select(DetectorModels.Create),
        ];
        int open = 0;
        foreach (ModelProto model in models)
        {
            byte[] probe = Asked(ModelFusion.Settle(model, null));
            using SessionOptions options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            string[] ready = Text(InterfaceTypes.TryRead(probe, options)), read = Text(InterfaceTypes.TryReadUnprepared(probe, options));
            Assert.IsNotEmpty(ready);
            CollectionAssert.AreEqual(ready, read, model.Graph.Name);
            open += ready.Any(text => text.Contains('-', StringComparison.Ordinal)) ? 1 : 0;
        }
        Assert.IsGreaterThan(2, open, "Models with sizes that are not known.");
    }

    [TestMethod]
    public void What_is_no_model_is_not_read()
    {
        using SessionOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        Assert.IsNull(InterfaceTypes.TryReadUnprepared([1, 2, 3], options));
    }

    /// <summary>A model that has every value as an output.</summary>
    private static byte[] Asked(ModelProto model)
    {
        ModelProto asked = model.Clone();
        HashSet<string> outputs = [.. asked.Graph.Output.Select(output => output.Name)];
        foreach (string name in asked.Graph.Node.Where(node => !ConstantNode.Is(node)).SelectMany(node => node.Output).Where(name => name.Length > 0 && outputs.Add(name)).ToArray())
            asked.Graph.Output.Add(new ValueInfoProto { Name = name });
        return asked.ToByteArray();
    }

    private static string[] Text((Dictionary<string, InterfaceType> Inputs, Dictionary<string, InterfaceType> Outputs)? types) => types is not { } read ? []
        : [.. read.Inputs.Concat(read.Outputs).Select(type => $"{type.Key} {type.Value.Kind} {type.Value.ElementType} {string.Join(',', type.Value.Dims)} {string.Join(',', type.Value.Symbols)}")];
}
