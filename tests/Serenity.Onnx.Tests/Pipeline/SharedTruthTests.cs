using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing;
using Serenity.Testing.Models;
using Serenity.Testing.Runs;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>
/// The number is true on real models: what ONNX Runtime is seen to execute and allocate is what the result states. A slice that a test
/// run can afford; <c>bench memory</c> does all.
/// </summary>
[TestClass]
public sealed class SharedTruthTests
{
    private static readonly string[] _models =
    [
        "cnn/dla46x_c_w2.onnx",
        "cnn/ghostnet_100_w4.onnx",
        "cnn/mobilenetv3_small_050_w2.onnx",
        "cnn/resnest14d_w8.onnx",
        "cnn/starnet_s050_w2.onnx",
        "cnn/tv_densenet_bc_bn.ort_all.onnx",
        "cnn/tv_googlenet_w8.onnx",
        "cnn/tv_googlenet_w8.ort_extended.onnx",
        "cnn/tv_mobilenet_v3_small_dyn.onnx",
        "cnn/tv_shufflenet_v2_x0_5.onnx",
        "cnn/tv_squeezenet1_1.onnx",
        "detseg/fpn_rn18_w8.onnx",
        "detseg/tv_fcn_resnet50_w16.onnx",
        "detseg/tv_lraspp_mnv3_w4.onnx",
        "irregular/darts_v2_normal_cell_in48_28.onnx",
        "irregular/darts_v2_reduction_cell_c96.onnx",
        "irregular/own_darts_v2_normal_cell_c48.onnx",
        "irregular/swiftnet_hpd_cell_A.onnx",
        "irregular/swiftnet_hpd_cell_B.onnx",
        "light/light_inception_v1.onnx",
        "light/light_squeezenet.onnx",
        "seq/own_conv_gru_lstm.onnx",
        "seq/own_loop_if_script.onnx",
        "seq/own_tiny_bert.onnx",
        "seq/own_tiny_bert.ort_extended.onnx",
    ];

    public static IEnumerable<object[]> Models => _models.Select(model => new object[] { model });

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void Order_and_bytes_are_as_the_result_states(string name)
    {
        if (SharedData.PathOf("models/" + name) is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("The shared models are not here.");
            return;
        }
        LoadedModel source = ModelFile.Load(path);
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = path,
            Verify = false,
            FreeDimensions = SharedRunInputs.FreeDimensions(Path.GetFileName(path), source.Model),
        });
        if (result.Warnings.Any(w => w.Code == SerenityCodes.HardwareBound) && HostCheck.WhyItDoesNotRun(source.Model, source.ExternalFolder) is { } why)
            Assert.Inconclusive("This machine does not run the model as it was exported. " + why);
        using ModelSession session = ModelSession.Load(RunnableModel.Of(result.Model), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true);
        session.Run(new SeededInputs(result.Model.Graph, session.Inputs).Create(InputCase.Uniform));
        Observation run = session.EndObservation(result.UnplannedBodies);

        // ONNX Runtime warns of each that nobody reads, whenever the file is loaded.
        HashSet<string> kept = [.. source.Model.Graph.Initializer.Select(constant => constant.Name), .. ModelNodes.All(result.Model.Graph).SelectMany(node => node.Input)];
        Assert.IsEmpty(result.Model.Graph.Initializer.Where(constant => !kept.Contains(constant.Name)).Select(constant => constant.Name));
        CollectionAssert.AreEqual(result.Schedule.ToArray(), ExecutedSchedule.Of(run.ExecutedOrder, result.Model).ToArray());
        Assert.AreEqual(result.Peak.Bytes, run.Memory!.ActivationBytes);
        Assert.AreEqual(result.Peak.Bytes, result.Profile.Max());
        Assert.AreEqual(result.Peak.Bytes, result.PeakStep!.Live.Sum(live => live.Bytes));
        Assert.IsLessThanOrEqualTo(result.Peak.OriginalBytes, result.Peak.Bytes);
        Assert.IsLessThanOrEqualTo(result.Peak.Bytes, result.Peak.LowerBoundBytes);
    }
}
