using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>The check is checked: plans, orders, weights and nodes are changed on purpose, one thing at a time, and every change has to be found.</summary>
[TestClass]
public sealed class CheckerMutationTests
{
    private const int Each = 50;

    private static readonly Lazy<VerificationRequest[]> _requests = new(() => [Request(RewriteLevel.All), Request(RewriteLevel.Exact)]);

    [TestMethod]
    public void The_plans_themselves_hold()
    {
        foreach (VerificationRequest request in _requests.Value)
            Assert.AreEqual("passed", ModelVerifier.Verify(request).Facts.Status);
        Assert.IsFalse(_requests.Value[0].Exact);
        Assert.IsTrue(_requests.Value[1].Exact);
    }

    [TestMethod]
    public void Another_order() => AllFound(SerenityCodes.OrderDiffers, (request, random) =>
    {
        string[] order = [.. request.Schedule!];
        int a = random.Next(order.Length), b = (a + random.Next(1, order.Length)) % order.Length;
        (order[a], order[b]) = (order[b], order[a]);
        return request with { Schedule = order };
    });

    [TestMethod]
    public void Another_peak() => AllFound(SerenityCodes.MemoryDiffers, (request, random) =>
        request with { PredictedBytes = request.PredictedBytes + (random.Chance(0.5) ? 1 : -1) * random.Next(1, 65) });

    [TestMethod]
    public void Another_weight() => AllFound(SerenityCodes.OutputsDiffer, (request, random) =>
    {
        ModelProto changed = request.Optimized.Clone();
        TensorProto[] weights = [.. changed.Graph.Initializer.Where(i => i.DataType == (int)TensorProto.Types.DataType.Float && i.RawData.Length > 4)];
        TensorProto weight = random.Pick(weights);
        float[] values = MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray();
        values[random.Next(values.Length)] += 0.05f * values.Max(Math.Abs);
        weight.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values));
        return request with { Optimized = changed };
    });

    [TestMethod]
    public void Another_node() => AllFound(SerenityCodes.OutputsDiffer, (request, random) =>
    {
        ModelProto changed = request.Optimized.Clone();
        NodeProto[] nodes = [.. changed.Graph.Node.Where(n => n.OpType is "Conv" or "FusedConv" or "Concat" && !AnchorNode.Is(n))];
        NodeProto node = random.Pick(nodes);
        if (node.OpType == "Concat" || node.OpType == "FusedConv" && node.Input.Count > 3 && node.Input[3].Length > 0 && random.Chance(0.5))
        {
            // Parts in another order; or a sum that leaves out what was there.
            if (node.OpType == "Concat")
                (node.Input[0], node.Input[1]) = (node.Input[1], node.Input[0]);
            else
                node.Input[3] = "";
        }
        else
        {
            // The weights of another convolution of the same shape, or the same ones in another place.
            TensorProto own = changed.Graph.Initializer.First(i => i.Name == node.Input[1]);
            string? other = changed.Graph.Initializer.Where(i => i.Name != own.Name && i.Dims.Equals(own.Dims) && !i.RawData.Equals(own.RawData)).Select(i => i.Name).FirstOrDefault();
            if (other is null)
                node.Attribute.Add(new AttributeProto { Name = "activation", Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8("Tanh") });
            else
                node.Input[1] = other;
        }
        return request with { Optimized = changed };
    });

    /// <summary>What was changed shows on one input in the world, and in one small channel: only who has that input can find it.</summary>
    [TestMethod]
    public void What_only_the_users_own_inputs_show_is_found_in_its_channel()
    {
        const float Largest = 7.25f;
        VerificationRequest whole = _requests.Value[0];
        ModelProto changed = whole.Optimized.Clone();
        string output = changed.Graph.Output[0].Name;
        NodeProto last = changed.Graph.Node.Single(n => n.Output.Contains(output));
        last.Output[last.Output.IndexOf(output)] = "before";
        changed.Graph.Initializer.Add(Constant("largest", [], Largest));
        changed.Graph.Initializer.Add(Constant("off", [1, 4, 1, 1], 0, 0, 1e-2f, 0));
        changed.Graph.Node.Add(
        [
            new NodeProto { OpType = "ReduceMax", Name = "n1", Input = { "x" }, Output = { "m" }, Attribute = { new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 } } },
            new NodeProto { OpType = "Equal", Name = "n2", Input = { "m", "largest" }, Output = { "is" } },
            new NodeProto { OpType = "Cast", Name = "n3", Input = { "is" }, Output = { "one" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } } },
            new NodeProto { OpType = "Mul", Name = "n4", Input = { "one", "off" }, Output = { "bump" } },
            new NodeProto { OpType = "Add", Name = "n5", Input = { "before", "bump" }, Output = { output } },
        ]);
        VerificationRequest request = whole with { Optimized = changed, Schedule = null, PredictedBytes = null, Written = null, MeasuresPlain = false };
        Assert.AreNotEqual("skipped", ModelVerifier.Verify(request).Facts.Status);

        float[] values = new TestRandom(3).Floats(4 * 12 * 12, 1);
        values[5] = Largest;
        RuntimeValue.Tensor own = new(TensorElementType.Float, [1, 4, 12, 12], MemoryMarshal.AsBytes<float>(values).ToArray());
        SampleCase sample = new("own.npz", [new("x", own)]);
        Assert.AreEqual(SerenityCodes.OutputsDiffer, Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(request with { Samples = [sample] })).Code);
    }

    private static TensorProto Constant(string name, long[] dims, params float[] values) =>
        new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, Dims = { dims }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)) };

    private static void AllFound(string code, Func<VerificationRequest, TestRandom, VerificationRequest> change)
    {
        TestRandom random = new(11);
        for (int i = 0; i < Each; i++)
        {
            VerificationRequest request = _requests.Value[i % 2];
            SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(change(request, random)), $"change {i}");
            Assert.AreEqual(code, e.Code, e.Message);
        }
    }

    /// <summary>What verification is asked of a cell whose convolutions over concats are rewritten, or only put in order.</summary>
    private static VerificationRequest Request(RewriteLevel level)
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(2);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 4, 12, 12);
        foreach (int count in (int[])[5, 4])
        {
            string[] parts = [.. Enumerable.Range(0, count).Select(_ => b.Node("Conv", [x, b.Weight(random.Floats(8 * 4, 0.5), 8, 4, 1, 1)]))];
            x = b.Node("Conv", [b.Node("Concat", parts, ("axis", 1L)), b.Weight(random.Floats(4 * 8 * count, 0.2), 4, 8 * count, 1, 1)]);
        }
        b.Output(b.Node("Tanh", [x]), TensorProto.Types.DataType.Float, 1, 4, 12, 12);
        using TempFolder folder = new();
        string path = folder.File("cell.onnx", ModelFile.ToBytes(b.Build()));
        OptimizeRequest request = new() { ModelPath = path, Rewrite = level, WorkLimit = 4 };
        VerificationRequest? asked = null;
        new ModelPipeline(request, SourceModel.Prepare(ModelFile.Load(path), request, default), default)
        {
            Verifier = (made, cancellation) =>
            {
                asked = made;
                return ModelVerifier.Verify(made, cancellation);
            },
        }.Run();
        // What was begun ahead serves one run; and the peak is to be the one stated.
        return asked! with { Ahead = null, LeastBytes = null, PlaceRun = null };
    }
}
