using Google.Protobuf;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Runtime.Fusion;

/// <summary>Fusing ahead of time keeps the model's meaning and everything around it, and gives exactly the nodes that will be executed.</summary>
[TestClass]
public sealed class ModelFusionTests
{
    [TestMethod]
    public void Convolution_and_activation_become_one_node()
    {
        ModelProto source = ConvolutionAndRelu();
        FusionResult result = Fuse(source);

        Assert.IsTrue(result.Fused);
        Assert.IsNull(result.Reason);
        Assert.AreEqual("FusedConv", result.Model.Graph.Node.Single().OpType);
        Assert.AreEqual("com.microsoft", result.Model.Graph.Node.Single().Domain);
        CollectionAssert.AreEqual(new[] { "", "com.microsoft" }, result.Model.OpsetImport.Select(o => o.Domain).ToArray());
    }

    [TestMethod]
    public void What_saving_loses_is_restored()
    {
        ModelProto source = ConvolutionAndRelu();
        ModelProto fused = Fuse(source).Model;

        Assert.AreEqual("maker", fused.ProducerName);
        Assert.AreEqual("1.2", fused.ProducerVersion);
        Assert.AreEqual(7L, fused.ModelVersion);
        Assert.AreEqual("about the model", fused.DocString);
        Assert.AreEqual("value", fused.MetadataProps.Single(p => p.Key == "key").Value);
        Assert.AreEqual(source.IrVersion, fused.IrVersion);
        Assert.AreEqual(source.Graph.Name, fused.Graph.Name);
        Assert.AreEqual("about the graph", fused.Graph.DocString);
        Assert.AreEqual(source.Graph.Input, fused.Graph.Input);
        Assert.AreEqual(source.Graph.Output, fused.Graph.Output);
        Assert.AreEqual("y", fused.Graph.QuantizationAnnotation.Single().TensorName);
        Assert.AreEqual(source.Graph.Initializer[0], fused.Graph.Initializer.Single(i => i.Name == "w"));
    }

    [TestMethod]
    public void Model_that_is_executed_as_it_stands_is_left_as_it_is()
    {
        ModelProto source = ConvolutionAndRelu();
        Assert.AreSame(source, ModelFusion.Settle(source, null));
    }

    [TestMethod]
    public void Model_without_anything_to_fuse_is_left_as_it_is()
    {
        ModelProto source = ModelProto.Parser.ParseFrom(TinyModels.Convolution(2, 4).Bytes);
        FusionResult result = Fuse(source);

        Assert.AreSame(source, result.Model);
        Assert.IsFalse(result.Fused);
        Assert.IsNull(result.Reason);
    }

    [TestMethod]
    public void What_stands_in_branches_alone_is_fused_too()
    {
        ModelProto source = TwoNetworks(withActivation: true);
        FusionResult result = Fuse(source);

        Assert.IsTrue(result.Fused);
        Assert.IsNull(result.Reason);
        foreach (AttributeProto branch in result.Model.Graph.Node.Single().Attribute)
            Assert.AreEqual("FusedConv", branch.G.Node.Single().OpType, branch.Name);
        Assert.AreEqual(result.Model, Fuse(source).Model);
        // With nothing to fuse in them it is left as it is.
        ModelProto plain = TwoNetworks(withActivation: false);
        Assert.AreSame(plain, Fuse(plain).Model);
    }

    /// <summary>An If, and a convolution in each branch.</summary>
    private static ModelProto TwoNetworks(bool withActivation)
    {
        OnnxModelBuilder b = new();
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 2, 4, 4), which = b.Input("which", TensorProto.Types.DataType.Bool);
        b.Output(b.Node("If", [which], ("then_branch", Branch("then", 1)), ("else_branch", Branch("else", 2))), TensorProto.Types.DataType.Float, 1, 2, 4, 4);
        return b.Build();

        GraphProto Branch(string name, float weight)
        {
            OnnxModelBuilder branch = new(name, prefix: name);
            string made = branch.Node("Conv", [x, branch.Weight([weight, 2, 3, 4], 2, 2, 1, 1)]);
            branch.Output(withActivation ? branch.Node("Relu", [made]) : made, TensorProto.Types.DataType.Float, 1, 2, 4, 4);
            return branch.Subgraph();
        }
    }

    [TestMethod]
    public void Operator_without_a_kernel_is_spelled_out_even_without_fusing()
    {
        ModelProto source = ConvolutionAndRelu();
        // A function of opset 14, for which the CPU provider has no kernel.
        source.Graph.Node[1].OpType = "HardSwish";
        ModelProto settled = ModelFusion.Settle(source, null);

        CollectionAssert.Contains(settled.Graph.Node.Select(n => n.OpType).ToArray(), "HardSigmoid");
        CollectionAssert.DoesNotContain(settled.Graph.Node.Select(n => n.OpType).ToArray(), "HardSwish");
        Assert.AreSame(settled, ModelFusion.Settle(settled, null));
    }

    [TestMethod]
    public void Same_source_gives_the_same_bytes()
    {
        foreach (string path in Models("irregular/swiftnet_hpd_cell_A.onnx", "seq/own_tiny_bert.onnx", "quant/swiftnet_hpd_224_qdq.onnx"))
        {
            ModelProto source = ModelFile.Load(path).Model;
            ByteString[] bytes = [.. Enumerable.Range(0, 3).Select(_ => Fuse(source).Model.ToByteString())];
            Assert.AreEqual(bytes[0], bytes[1], path);
            Assert.AreEqual(bytes[0], bytes[2], path);
        }
    }

    [TestMethod]
    [DataRow("irregular/swiftnet_hpd_cell_A.onnx")]
    [DataRow("irregular/darts_v2_normal_cell_c48_28.onnx")]
    [DataRow("cnn/ghostnet_100_w4.onnx")]
    [DataRow("cnn/tv_mobilenet_v3_small_dyn.onnx")]
    [DataRow("seq/own_tiny_bert.onnx")]
    [DataRow("seq/own_loop_if_script.onnx")]
    [DataRow("quant/swiftnet_hpd_224_qdq.onnx")]
    [DataRow("extdata/tv_resnet18_w8.onnx")]
    [DataRow("awkward/mixed_data.onnx")]
    [DataRow("pretrained/mnist_cntk.onnx")]
    [DataRow("cnn/tv_densenet_bc_bn.ort_all.onnx")]
    public void Real_model_gives_the_same_results_and_executes_the_nodes_it_has(string relative)
    {
        string path = Models(relative)[0];
        LoadedModel loaded = ModelFile.Load(path);
        string? folder = loaded.ExternalFolder;
        if (ModelFusion.HardwareBound(loaded.Model) is not null && HostCheck.WhyItDoesNotRun(loaded.Model, folder) is { } why)
            Assert.Inconclusive("This machine does not run the model as it was exported. " + why);
        foreach (bool fuse in new[] { true, false })
        {
            ModelProto settled = ModelFusion.Settle(loaded.Model, folder, relative);
            FusionResult result = fuse ? ModelFusion.Fuse(loaded.Model, settled, folder, file: relative) : new(settled, false, null);
            ModelProto named = result.Model.Clone();
            UniqueNames.Assign(named);
            VerificationOutcome outcome = ModelVerifier.Verify(new()
            {
                Source = loaded.Model,
                Optimized = named,
                ExternalFolder = folder,
                File = relative,
                Fused = result.Fused,
                Exact = true,
                Work = 1,
            });
            Assert.AreEqual("passed", outcome.Facts.Status, outcome.Facts.Reason);

            using ModelSession session = ModelSession.Load(RunnableModel.Of(named, folder), observe: true);
            session.Run(new SeededInputs(named.Graph, session.Inputs).Create(InputCase.Uniform));
            string[] executed = [.. session.EndObservation().ExecutedOrder.Order(StringComparer.Ordinal)];
            string[] stated = [.. named.Graph.Node.Where(n => n.OpType != "Constant").Select(n => n.Name).Order(StringComparer.Ordinal)];
            CollectionAssert.AreEqual(stated, executed);
        }
    }

    private static string[] Models(params string[] relative)
    {
        if (SharedData.Root is null)
            Assert.Inconclusive("The shared models are not here.");
        return [.. relative.Select(r => SharedData.PathOf("models/" + r)!)];
    }

    private static FusionResult Fuse(ModelProto source) => ModelFusion.Fuse(source, ModelFusion.Settle(source, null), null);

    private static ModelProto ConvolutionAndRelu()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(TinyModels.Convolution(4, 8).Bytes);
        model.ProducerName = "maker";
        model.ProducerVersion = "1.2";
        model.ModelVersion = 7;
        model.DocString = "about the model";
        model.MetadataProps.Add(new StringStringEntryProto { Key = "key", Value = "value" });
        model.Graph.DocString = "about the graph";
        model.Graph.Node[0].Output[0] = "c";
        model.Graph.Node.Add(TinyModels.Node("Relu", "relu", ["c"], ["y"]));
        TensorAnnotation annotation = new() { TensorName = "y" };
        model.Graph.QuantizationAnnotation.Add(annotation);
        model.Graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "c" });
        return model;
    }
}
