using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.AttributeProto.Types;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Fuzzing.Inputs;

/// <summary>The smallest models that hold what the generators of networks never make: control flow, functions, sparse and symbolic values.</summary>
internal static class SmallModels
{
    /// <summary>Operators that allocate, loop, capture, draw at random, or that ONNX Runtime does not have.</summary>
    public static IReadOnlyList<string> OtherOperators { get; } =
    [
        "ConstantOfShape", "Expand", "Tile", "Range", "Resize", "Pad", "OneHot", "EyeLike", "RandomNormal", "RandomUniformLike", "Bernoulli", "Multinomial",
        "NonZero", "Unique", "Compress", "TopK", "NonMaxSuppression", "GatherND", "ScatterND", "ScatterElements", "CumSum", "Einsum", "LSTM", "GRU", "RNN",
        "SequenceConstruct", "SequenceAt", "SplitToSequence", "ConcatFromSequence", "SequenceMap", "Optional", "OptionalGetElement", "Loop", "Scan", "If",
        "StringNormalizer", "TfIdfVectorizer", "DFT", "STFT", "MelWeightMatrix", "ConvTranspose", "ConvInteger", "QLinearConv", "QLinearMatMul", "MatMulInteger",
        "DynamicQuantizeLinear", "Reshape", "Squeeze", "Unsqueeze", "Shape", "Size", "BatchNormalization", "LayerNormalization", "GroupNormalization", "Col2Im",
        "MaxUnpool", "DepthToSpace", "SpaceToDepth", "Constant", "ReduceSum", "ArgMax", "Where", "Mod", "BitShift", "Cast", "CastLike", "NoSuchOperator",
    ];

    /// <summary>Counts up to a number that is an input.</summary>
    public static ModelProto Loop()
    {
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("i", DataType.Int64);
        body.Input("c", DataType.Bool);
        body.Input("s", DataType.Float, 1, 4);
        string next = body.Node("Add", ["s", "x"]);
        body.Output(body.Node("Identity", ["c"]), DataType.Bool);
        body.Output(next, DataType.Float, 1, 4);
        body.Output(body.Node("Relu", [next]), DataType.Float, 1, 4);
        OnnxModelBuilder model = new("loop");
        string x = model.Input("x", DataType.Float, 1, 4);
        string trips = model.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(5L)));
        string go = model.Add(OnnxModelBuilder.Tensor("go", DataType.Bool, [1]));
        string[] made = model.Nodes("Loop", [trips, go, x], 2, ("body", body.Subgraph()));
        model.Output(made[0], DataType.Float, 1, 4);
        model.Output(made[1], DataType.Float, 5, 1, 4);
        return model.Build();
    }

    /// <summary>A running sum over the first axis.</summary>
    public static ModelProto Scan()
    {
        OnnxModelBuilder body = new("body", prefix: "b_");
        body.Input("sum_in", DataType.Float, 2);
        body.Input("next", DataType.Float, 2);
        string sum = body.Node("Add", ["sum_in", "next"]);
        body.Output(sum, DataType.Float, 2);
        body.Output(body.Node("Identity", [sum]), DataType.Float, 2);
        OnnxModelBuilder model = new("scan");
        model.Input("initial", DataType.Float, 2);
        model.Input("x", DataType.Float, 3, 2);
        string[] made = model.Nodes("Scan", ["initial", "x"], 2, ("body", body.Subgraph()), ("num_scan_inputs", 1L));
        model.Output(made[0], DataType.Float, 2);
        model.Output(made[1], DataType.Float, 3, 2);
        return model.Build();
    }

    /// <summary>Two branches that read an outer value.</summary>
    public static ModelProto If()
    {
        GraphProto Branch(string op, string prefix)
        {
            OnnxModelBuilder branch = new(prefix, prefix: prefix);
            branch.Output(branch.Node(op, [branch.Node("Neg", ["x"])]), DataType.Float, 2, 3);
            return branch.Subgraph();
        }
        OnnxModelBuilder model = new("if");
        model.Input("go", DataType.Bool);
        string x = model.Input("x", DataType.Float, 2, 3);
        string y = model.Node("If", ["go"], ("then_branch", Branch("Relu", "t_")), ("else_branch", Branch("Tanh", "e_")));
        model.Output(model.Node("Concat", [x, y], ("axis", 1L)), DataType.Float, 2, 6);
        return model.Build();
    }

    /// <summary>A function of the model's own, with an attribute passed on.</summary>
    public static ModelProto Function()
    {
        OnnxModelBuilder builder = new("function");
        string x = builder.Input("x", DataType.Float, 2, 3);
        builder.Output(builder.Node("own:Scaled", [builder.Node("Relu", [x])], ("alpha", 0.5)), DataType.Float, 2, 3);
        ModelProto model = builder.Build();
        FunctionProto function = new() { Name = "Scaled", Domain = "own" };
        function.Input.Add("a");
        function.Output.Add("b");
        function.Attribute.Add("alpha");
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        NodeProto node = new() { OpType = "LeakyRelu", Name = "inner" };
        node.Input.Add("a");
        node.Output.Add("b");
        node.Attribute.Add(new AttributeProto { Name = "alpha", Type = AttributeType.Float, RefAttrName = "alpha" });
        function.Node.Add(node);
        model.Functions.Add(function);
        return model;
    }

    /// <summary>Quantized and back, with an annotation.</summary>
    public static ModelProto Quantized()
    {
        OnnxModelBuilder builder = new("quantized");
        string x = builder.Input("x", DataType.Float, 1, 2, 4, 4), scale = builder.Weight([0.05f]);
        string zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Uint8, [128]));
        string y = builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [x, scale, zero]), scale, zero]);
        builder.Output(builder.Node("Concat", [y, builder.Node("Relu", [y])], ("axis", 1L)), DataType.Float, 1, 4, 4, 4);
        ModelProto model = builder.Build();
        TensorAnnotation annotation = new() { TensorName = x };
        annotation.QuantParameterTensorNames.Add(new StringStringEntryProto { Key = "SCALE_TENSOR", Value = scale });
        model.Graph.QuantizationAnnotation.Add(annotation);
        return model;
    }

    /// <summary>A sparse initializer.</summary>
    public static ModelProto Sparse()
    {
        OnnxModelBuilder builder = new("sparse");
        string x = builder.Input("x", DataType.Float, 1, 4);
        builder.Output(builder.Node("Add", [x, "sparse_w"]), DataType.Float, 1, 4);
        ModelProto model = builder.Build();
        SparseTensorProto sparse = new()
        {
            Values = OnnxModelBuilder.Tensor("sparse_w", DataType.Float, BitConverter.GetBytes(2f), 1),
            Indices = OnnxModelBuilder.Tensor("indices", DataType.Int64, BitConverter.GetBytes(3L), 1),
        };
        sparse.Dims.AddRange([1L, 4L]);
        model.Graph.SparseInitializer.Add(sparse);
        return model;
    }

    /// <summary>Symbolic dimensions, shapes computed from them, an initializer that can be overridden.</summary>
    public static ModelProto Symbolic()
    {
        OnnxModelBuilder builder = new("symbolic");
        string x = builder.SymbolicInput("x", DataType.Float, "batch", "seq", 4);
        string bias = builder.Add(OnnxModelBuilder.Tensor("bias", DataType.Float, new byte[16], 4));
        builder.Input(bias, DataType.Float, 4);
        string shape = builder.Node("Shape", [x]);
        string batch = builder.Node("Gather", [shape, builder.Integers(0)], ("axis", 0L));
        string flat = builder.Node("Reshape", [builder.Node("Add", [x, bias]), builder.Node("Concat", [batch, builder.Integers(-1)], ("axis", 0L))]);
        builder.Output(builder.Node("Relu", [flat]), DataType.Float, -1, -1);
        return builder.Build();
    }
}
