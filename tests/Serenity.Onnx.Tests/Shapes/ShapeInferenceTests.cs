using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Shapes;

[TestClass]
public sealed class ShapeInferenceTests
{
    [TestMethod]
    public void Types_of_random_models_are_those_the_generator_computed()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            RandomModel made = RandomModel.Create(seed, new RandomModelOptions(Nodes: 10 + (int)seed, ShuffleFile: seed % 2 == 0));
            ModelShapes shapes = Infer(made.Model);
            foreach ((string name, TensorType type) in made.Types)
                Assert.AreEqual(type, shapes.Main.Find(name), $"seed {seed}, {name}");
            Assert.IsEmpty(shapes.UnknownInSubgraph);
        }
    }

    [TestMethod]
    public void Open_dimensions_are_named_in_the_error_and_filled_in()
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "batch", 3, "side");
        string y = builder.Node("MatMul", [x, builder.Node("Transpose", [x], ("perm", new long[] { 0, 2, 1 }))]);
        builder.Output(y, DataType.Float, null);
        ModelProto model = builder.Build();
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(model));
        Assert.AreEqual(SerenityCodes.UnknownSize, error.Code);
        StringAssert.Contains(error.Message, "'batch', 'side'", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, "FreeDimensions=\"batch=1;side=256\"", StringComparison.Ordinal);
        Assert.AreEqual(new TensorType(DataType.Float, [2, 3, 3]), Infer(model, ("batch", 2), ("side", 7)).Main.Find(y));
        Assert.AreEqual(new TensorType(DataType.Float, [2, 7, 3]), Infer(model, ("x:0", 2), ("side", 7)).Main.Find(model.Graph.Node[0].Output[0]));
    }

    [TestMethod]
    [DataRow((1L << 31) - 1, true)]
    [DataRow(1L << 31, false)]
    [DataRow((1L << 32) + 16, false)]
    [DataRow(1L << 33, false)]
    public void A_dimension_that_ONNX_Runtime_would_cut_to_32_bits_is_refused(long size, bool taken)
    {
        OnnxModelBuilder builder = new();
        string y = builder.Node("Relu", [builder.Input("x", DataType.Float, 1, size)]);
        builder.Output(y, DataType.Float, null);
        if (taken)
        {
            Assert.AreEqual(new TensorType(DataType.Float, [1, size]), Infer(builder.Build()).Main.Find(y));
            return;
        }
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()));
        Assert.AreEqual(SerenityCodes.UnknownSize, refusal.Code);
        StringAssert.Contains(refusal.Message, "'x' has a dimension of more than 2147483647 elements", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow((1L << 31) - 1, true)]
    [DataRow(1L << 31, false)]
    [DataRow((1L << 32) + 16, false)]
    [DataRow(1L << 33, false)]
    [DataRow(1L << 40, false)]
    [DataRow(1L << 62, false)]
    public void A_dimension_within_the_model_that_32_bits_do_not_hold_is_refused(long size, bool taken)
    {
        foreach (string op in (string[])["ConstantOfShape", "Range", "Expand", "Pad"])
        {
            OnnxModelBuilder builder = new();
            string Whole(string name, long value, params long[] dims) => builder.Add(OnnxModelBuilder.Tensor(name, DataType.Int64, BitConverter.GetBytes(value), dims));
            string large = op switch
            {
                "ConstantOfShape" => builder.Node(op, [Whole("n", size, 1)]),
                "Range" => builder.Node(op, [Whole("from", 0), Whole("n", size), Whole("step", 1)]),
                "Expand" => builder.Node(op, [builder.Input("x", DataType.Float, 1), Whole("n", size, 1)]),
                _ => builder.Node(op, [builder.Input("x", DataType.Float, 1),
                    builder.Add(OnnxModelBuilder.Tensor("n", DataType.Int64, [.. BitConverter.GetBytes(0L), .. BitConverter.GetBytes(size - 1)], 2))]),
            };
            string inner = builder.Node("Neg", [large]);
            builder.Output(builder.Node("Shape", [inner]), DataType.Int64, 1);
            if (taken)
            {
                Assert.AreEqual(size, Infer(builder.Build()).Main.Find(inner)!.ElementCount, op);
                continue;
            }
            SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()), op);
            Assert.AreEqual(SerenityCodes.UnknownSize, refusal.Code, op);
            StringAssert.Contains(refusal.Message, "has a dimension of more than 2147483647 elements", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Dimension_without_a_name_is_set_by_its_place()
    {
        OnnxModelBuilder builder = new();
        string y = builder.Node("Relu", [builder.Input("x", DataType.Float, -1, 3)]);
        builder.Output(y, DataType.Float, null);
        StringAssert.Contains(Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build())).Message, "FreeDimensions=\"x:0=1\"", StringComparison.Ordinal);
        Assert.AreEqual(new TensorType(DataType.Float, [5, 3]), Infer(builder.Build(), ("x:0", 5)).Main.Find(y));
        // Some exporters write -1 for a dimension that is open.
        ModelProto minusOne = builder.Build();
        minusOne.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = -1;
        Assert.AreEqual(new TensorType(DataType.Float, [5, 3]), Infer(minusOne, ("x:0", 5)).Main.Find(y));
    }

    [TestMethod]
    [DataRow("bach", 1L, "which is no open dimension of the model's inputs. Did you mean 'batch'? These are: 'batch'.")]
    [DataRow("batch_size", 1L, "Did you mean 'batch'?")]
    [DataRow("rows", 1L, "which is no open dimension of the model's inputs. These are: 'batch'.")]
    [DataRow("x:1", 1L, "which is no open dimension")]
    [DataRow("batch", -1L, "a size is 0 or more")]
    public void Wrong_free_dimension_is_refused(string name, long size, string says)
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.SymbolicInput("x", DataType.Float, "batch", 3)]), DataType.Float, null);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build(), (name, size)));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, error.Code);
        Assert.AreEqual(ModelSetting.FreeDimensions, error.Settings!.Single().Name, "The command line says its own switch.");
        StringAssert.Contains(error.Message, says, StringComparison.Ordinal);
        SerenityException both = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build(), (name, size), ("nothing", 1)));
        StringAssert.Contains(both.Message, says, StringComparison.Ordinal);
        StringAssert.Contains(both.Message, "'nothing'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_dimension_given_by_name_and_by_place_has_one_size()
    {
        OnnxModelBuilder builder = new();
        string y = builder.Node("Relu", [builder.SymbolicInput("x", DataType.Float, "batch", "seq")]);
        builder.Output(y, DataType.Float, null);
        ModelProto model = builder.Build();
        Assert.AreEqual(new TensorType(DataType.Float, [3, 8]), Infer(model, ("batch", 3), ("seq", 8), ("x:1", 8)).Main.Find(y));
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(model, ("batch", 3), ("seq", 9), ("x:0", 1), ("x:1", 8)));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, error.Code);
        StringAssert.Contains(error.Message, "sets 'batch' to 3 and 'x:0' to 1, which are one dimension.", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, "sets 'seq' to 9 and 'x:1' to 8, which are one dimension.", StringComparison.Ordinal);
        Dictionary<string, long> batch = new() { ["batch"] = 1 };
        foreach ((string place, string told) in new[] { ("2..3", "2..3"), ("1..8", "1..8"), ("batch+seq", "batch+seq"), ("4", "4") })
        {
            Dictionary<string, SizeRange> ranges = new() { ["seq"] = new SizeRange(1, 8) };
            Dictionary<string, string> formulas = [];
            Dictionary<string, long> sizes = new(batch);
            if (place.Split("..") is [var from, var to])
                ranges["x:1"] = new SizeRange(from[0] - '0', to[0] - '0');
            else if (place.Length == 1)
                sizes["x:1"] = place[0] - '0';
            else
                formulas["x:1"] = place;
            SerenityException ranged = Assert.ThrowsExactly<SerenityException>(() => RangedInputs.Check(model, sizes, ranges, formulas, null), place);
            Assert.AreEqual(SerenityCodes.BadFreeDimension, ranged.Code);
            StringAssert.Contains(ranged.Message, $"sets 'seq' to 1..8 and 'x:1' to {told}, which are one dimension.", StringComparison.Ordinal);
        }
        RangedInputs.Check(model, batch, new Dictionary<string, SizeRange> { ["seq"] = new(1, 8) }, new Dictionary<string, string> { ["x:1"] = "seq" }, null);
    }

    [TestMethod]
    public void Sizes_that_do_not_fit_the_model_are_refused()
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "n", 3), y = builder.Input("y", DataType.Float, 4, 3);
        builder.Output(builder.Node("Add", [x, y]), DataType.Float, null);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build(), ("n", 3)));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, error.Code);
        Assert.IsFalse(error.Message.Contains("onnxruntime_src", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Size_that_depends_on_data_is_refused_at_the_node_that_makes_it_so()
    {
        OnnxModelBuilder builder = new();
        string range = builder.Node("Range", [builder.Input("from", DataType.Int64), builder.Input("to", DataType.Int64), builder.Input("by", DataType.Int64)]);
        builder.Output(builder.Node("Transpose", [range]), DataType.Int64, null);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()));
        Assert.AreEqual(SerenityCodes.UnknownSize, error.Code);
        StringAssert.Contains(error.Message, $"'{range}'", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, "(Range)", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_node_that_never_runs_is_told_as_that()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Neg", [builder.Node("Einsum", [builder.Node("Relu", [builder.Input("x", DataType.Float, 2)])], ("equation", ""))]), DataType.Float, 2);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()));
        Assert.AreEqual(SerenityCodes.UnknownSize, error.Code);
        StringAssert.Contains(error.Message, "because ONNX Runtime does not run", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, "(Einsum)", StringComparison.Ordinal);
        Assert.IsNull(error.Settings, "No bound helps.");
    }

    [TestMethod]
    [DataRow("ij,ij->ij", 1L, 2L, false)]
    [DataRow("ij,ij->ij", 2L, 1L, true)]
    [DataRow("ij,ij->ij", 2L, 2L, true)]
    [DataRow("ij,kj->ik", 1L, 2L, true)]
    [DataRow("ij,ij->j", 1L, 2L, true)]
    public void An_equation_that_broadcasts_what_is_inferred_from_its_first_term_is_refused(string equation, long first, long second, bool taken)
    {
        OnnxModelBuilder builder = new();
        string product = builder.Node("Einsum", [builder.Input("x", DataType.Float, first, 3), builder.Input("y", DataType.Float, second, 3)], ("equation", equation));
        builder.Output(builder.Node("ReduceSum", [product], ("keepdims", 0L)), DataType.Float);
        if (taken)
        {
            Assert.IsNotNull(Infer(builder.Build()).Main.Find(product));
            return;
        }
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()));
        Assert.AreEqual(SerenityCodes.UnknownSize, error.Code);
        StringAssert.Contains(error.Message, "gives [2,3] by the definition of Einsum, and ONNX Runtime infers [1,3].", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Scalar_is_told_from_unknown_rank()
    {
        OnnxModelBuilder builder = new();
        string sum = builder.Node("ReduceSum", [builder.Input("x", DataType.Float, 4, 4)], ("keepdims", 0L));
        builder.Output(sum, DataType.Float);
        Assert.AreEqual(new TensorType(DataType.Float, []), Infer(builder.Build()).Main.Find(sum));

        OnnxModelBuilder reshaped = new();
        string y = reshaped.Node("Reshape", [reshaped.Input("x", DataType.Float, 4, 4), reshaped.SymbolicInput("shape", DataType.Int64, "rank")]);
        reshaped.Output(y, DataType.Float, null);
        StringAssert.Contains(Assert.ThrowsExactly<SerenityException>(() => Infer(reshaped.Build(), ("rank", 2))).Message, $"'{y}'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Loop_with_state_of_one_shape_is_proven()
    {
        ModelProto model = LoopModel(grows: false, constantTrips: true, out string state, out string stacked, out string inner);
        ModelShapes shapes = Infer(model);
        Assert.AreEqual(new TensorType(DataType.Float, [2, 3]), shapes.Main.Find(state));
        Assert.AreEqual(new TensorType(DataType.Float, [5, 2, 3]), shapes.Main.Find(stacked));
        Assert.AreEqual(new TensorType(DataType.Float, [2, 3]), shapes.Subgraphs.Values.Single().Find(inner));
    }

    [TestMethod]
    public void Loop_whose_state_grows_or_whose_rounds_are_data_is_refused()
    {
        SerenityException grows = Assert.ThrowsExactly<SerenityException>(() => Infer(LoopModel(true, true, out _, out _, out _)));
        Assert.AreEqual(SerenityCodes.UnknownSize, grows.Code);
        ModelProto open = LoopModel(false, false, out _, out string stacked, out _);
        StringAssert.Contains(Assert.ThrowsExactly<SerenityException>(() => Infer(open)).Message, $"'{stacked}'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Shapes_stated_in_the_file_serve_without_a_runtime()
    {
        RandomModel made = RandomModel.Create(3, new RandomModelOptions(Branches: false));
        ModelProto model = made.Model.Clone();
        FreeDimensionTable free = new(model, new Dictionary<string, long>(), null);
        Assert.AreEqual(SerenityCodes.RuntimeMissing, Assert.ThrowsExactly<SerenityException>(() => ShapeInference.Declared(model, free, "m.onnx")).Code);
        foreach ((string name, TensorType type) in made.Types)
            model.Graph.ValueInfo.Add(new ValueInfoProto { Name = name, Type = ValueFact.Tensor(type.ElementType, type.Dims).Proto });
        ModelShapes declared = ShapeInference.Declared(model, free, "m.onnx");
        Assert.IsTrue(declared.IsDeclared);
        foreach ((string name, TensorType type) in Infer(made.Model).Main.Types)
            Assert.AreEqual(type, declared.Main.Find(name), name);
    }

    [TestMethod]
    public void Value_of_absurd_size_is_refused()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1 << 30, 1 << 30, 1 << 30);
        builder.Output(builder.Node("Relu", [x]), DataType.Float, null);
        SerenityException error = Assert.ThrowsExactly<SerenityException>(() => Infer(builder.Build()));
        Assert.AreEqual(SerenityCodes.UnknownSize, error.Code);
        StringAssert.Contains(error.Message, "more than 4 TiB", StringComparison.Ordinal);
    }

    private static ModelShapes Infer(ModelProto model, params (string Name, long Size)[] free)
    {
        model = model.Clone();
        UniqueNames.Assign(model);
        return ShapeInference.Run(model, Path.GetFullPath("model.onnx"), free.ToDictionary(f => f.Name, f => f.Size));
    }

    // state' = f(state), and every state is collected; f either keeps the shape or doubles it.
    private static ModelProto LoopModel(bool grows, bool constantTrips, out string state, out string stacked, out string inner)
    {
        OnnxModelBuilder body = new("body", prefix: "body_");
        body.Input("i", DataType.Int64);
        body.Input("go", DataType.Bool);
        body.Input("before", DataType.Float, null);
        inner = grows ? body.Node("Concat", ["before", "before"], ("axis", 0L)) : body.Node("Tanh", [body.Node("Neg", ["before"])]);
        body.Output(body.Node("Identity", ["go"]), DataType.Bool);
        body.Output(inner, DataType.Float, null);
        body.Output(body.Node("Identity", [inner]), DataType.Float, null);

        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 2, 3);
        string trips = constantTrips ? builder.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(5L))) : builder.Input("trips", DataType.Int64);
        string go = builder.Add(OnnxModelBuilder.Tensor("go", DataType.Bool, [1]));
        string[] outputs = builder.Nodes("Loop", [trips, go, x], 2, ("body", body.Subgraph()));
        (state, stacked) = (outputs[0], outputs[1]);
        builder.Output(state, DataType.Float, null);
        builder.Output(stacked, DataType.Float, null);
        return builder.Build();
    }
}
