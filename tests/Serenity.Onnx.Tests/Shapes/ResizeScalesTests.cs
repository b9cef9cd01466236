using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Shapes;

/// <summary>A Resize to given sizes is restated with scales only where that is the same, held against ONNX Runtime's own runs.</summary>
[TestClass]
public sealed class ResizeScalesTests
{
    private static readonly string[] _coordinates =
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"];

    /// <summary>Every mode, coordinate, rounding and policy, from 1 to 6 by 1 to 7 and 5 by 3.</summary>
    [TestMethod]
    [DataRow("nearest")]
    [DataRow("linear")]
    [DataRow("cubic")]
    public void Outputs_stay_bit_for_bit(string mode)
    {
        int restated = 0, kept = 0;
        foreach (string coordinates in _coordinates)
        {
            foreach (string rounding in mode == "nearest" ? (string[])["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] : [""])
            {
                foreach (string policy in (string[])["stretch", "not_larger", "not_smaller"])
                {
                    OnnxModelBuilder builder = new(opset: 18);
                    for (long size = 1; size <= 6; size++)
                    {
                        string x = builder.Input($"x{size}", DataType.Float, 1, 2, size, 5);
                        for (long to = 1; to <= 7; to++)
                        {
                            string roi = coordinates == "tf_crop_and_resize" ? builder.Weight([0.1f, 0.2f, 0.8f, 0.9f], 4) : "";
                            List<(string, object)> attributes =
                                [("mode", mode), ("coordinate_transformation_mode", coordinates), ("keep_aspect_ratio_policy", policy), ("axes", new long[] { 2, 3 })];
                            if (rounding.Length > 0)
                                attributes.Add(("nearest_mode", rounding));
                            builder.Output(builder.Node("Resize", [x, roi, "", builder.Integers(to, 3)], [.. attributes]), DataType.Float, null);
                        }
                    }
                    (int changed, int same) = Check(builder.Build());
                    restated += changed;
                    kept += same;
                }
            }
        }
        // A policy rounds to the nearest size, scales round down.
        Assert.IsGreaterThan(2 * kept, restated);
    }

    [TestMethod]
    public void All_axes_and_older_versions_too()
    {
        foreach (int opset in (int[])[11, 13, 17, 19])
        {
            OnnxModelBuilder builder = new(opset: opset);
            string x = builder.Input("x", DataType.Float, 1, 2, 5, 6), none = opset < 13 ? builder.Weight([], 0) : "";
            for (long to = 1; to <= 13; to++)
                builder.Output(builder.Node("Resize", [x, none, none, builder.Integers(1, 2, to, 20 - to)], ("mode", to % 2 == 0 ? "linear" : "nearest")), DataType.Float, null);
            Assert.IsGreaterThan(8, Check(builder.Build()).Restated);
        }
    }

    [TestMethod]
    public void What_only_the_sizes_were_for_goes()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 2, 4, 4), like = builder.Input("like", DataType.Float, 1, 2, 8, 8);
        builder.Output(builder.Node("Resize", [x, "", "", builder.Node("Shape", [like])], ("mode", "nearest")), DataType.Float, null);
        (ModelProto restated, _) = Restate(builder.Build());
        Assert.AreEqual("Resize", restated.Graph.Node.Single().OpType);
    }

    [TestMethod]
    public void A_size_that_scales_do_not_give_is_left()
    {
        // As computed in float32, a scale of 41/29 makes 40 of 29.
        ModelProto? left = null;
        for (long from = 2; from <= 200 && left is null; from++)
        {
            for (long to = from + 1; to <= 2 * from && left is null; to++)
            {
                if ((long)(to / (float)from * from) == to)
                    continue;
                OnnxModelBuilder builder = new();
                builder.Output(builder.Node("Resize", [builder.Input("x", DataType.Float, 1, 1, from, 1), "", "", builder.Integers(1, 1, to, 1)], ("mode", "nearest")), DataType.Float, null);
                left = builder.Build();
            }
        }
        if (left is null)
            return;
        UniqueNames.Assign(left);
        Assert.AreSame(left, ResizeScales.Restate(left, ShapeInference.Run(left, Path.GetFullPath("m.onnx"), new Dictionary<string, long>())).Model);
    }

    /// <summary>The sizes of a network with constant sizes are hidden like those with scales.</summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Sizes_and_scales_need_the_same(bool rewrite)
    {
        long Peak(bool sizes)
        {
            OnnxModelBuilder builder = new();
            string x = builder.Input("x", DataType.Float, 1, 3, 32, 32);
            string small = builder.Node("MaxPool", [Conv(x, 3, 8)], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
            string deep = Conv(Conv(small, 8, 32), 32, 8);
            string back = builder.Node("Resize", sizes ? [deep, "", "", builder.Integers(1, 8, 32, 32)] : [deep, "", builder.Weight([1, 1, 2, 2], 4)], ("mode", "nearest"));
            builder.Output(builder.Node("Sigmoid", [Conv(back, 8, 1)]), DataType.Float, null);
            using TempFolder folder = new();
            string path = folder.File("model.onnx", ModelFile.ToBytes(builder.Build()));
            return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Rewrite = rewrite ? RewriteLevel.All : RewriteLevel.None }).Peak.Bytes;

            string Conv(string value, long from, long to) =>
                builder.Node("Relu", [builder.Node("Conv", [value, builder.Weight(new float[to * from * 9], to, from, 3, 3)], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }))]);
        }
        Assert.AreEqual(Peak(sizes: false), Peak(sizes: true));
    }

    private static (int Restated, int Kept) Check(ModelProto model)
    {
        Dictionary<string, OrtRun.Result> before = OrtRun.Run(model, 7);
        (ModelProto restated, int kept) = Restate(model);
        Dictionary<string, OrtRun.Result> after = OrtRun.Run(restated, 7);
        Assert.HasCount(before.Count, after);
        foreach ((string name, OrtRun.Result result) in before)
        {
            Assert.AreEqual(result.Type, after[name].Type, name);
            CollectionAssert.AreEqual(result.Bytes, after[name].Bytes, name);
        }
        return (model.Graph.Node.Count - kept, kept);
    }

    private static (ModelProto Model, int Kept) Restate(ModelProto model)
    {
        model = model.Clone();
        UniqueNames.Assign(model);
        ModelProto restated = ResizeScales.Restate(model, ShapeInference.Run(model, Path.GetFullPath("m.onnx"), new Dictionary<string, long>())).Model;
        return (restated, restated.Graph.Node.Count(n => n.Input.Count > 3 && n.Input[3].Length > 0));
    }
}
