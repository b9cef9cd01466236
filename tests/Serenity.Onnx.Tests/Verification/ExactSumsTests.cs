using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Values;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Sums without rounding are what ONNX Runtime computes, but for its rounding.</summary>
[TestClass]
public sealed class ExactSumsTests
{
    [TestMethod]
    public void They_agree_with_a_run_on_random_operators()
    {
        TestRandom random = new(7);
        for (int round = 0; round < 120; round++)
        {
            OnnxModelBuilder b = new();
            ModelProto model = Make(b, random);
            ModelProto telling = model.Clone();
            telling.Graph.Output.AddRange(model.Graph.Node.SelectMany(n => n.Output).Where(o => o != model.Graph.Output[0].Name).Select(o => new ValueInfoProto { Name = o }));
            long[] dims = [.. model.Graph.Input[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue)];
            float[] x = random.Floats(dims.Aggregate(1L, (p, d) => p * d), 1);
            RuntimeValue input = new RuntimeValue.Tensor(TensorElementType.Float, dims, MemoryMarshal.AsBytes<float>(x).ToArray());
            using ModelSession session = ModelSession.Load(RunnableModel.Of(telling));
            Dictionary<string, SeenTensor> seen = new() { ["x"] = SeenTensor.Of(input)! };
            foreach ((string name, RuntimeValue value) in session.Run([new("x", input)]))
                seen[name] = SeenTensor.Of(value)!;
            Dictionary<string, SeenTensor> constants = model.Graph.Initializer.ToDictionary(
                i => i.Name, i => new SeenTensor(TensorElementType.Float, [.. i.Dims], i.RawData.ToByteArray()));
            Dictionary<string, NodeProto> replaced = model.Graph.Node.ToDictionary(n => n.Output[0]);
            ExactSums exact = new(replaced, new HashSet<string> { "x" }, seen, constants.GetValueOrDefault);

            string output = model.Graph.Output[0].Name, what = string.Join(" ", model.Graph.Node.Select(n => n.ToString()));
            Assert.IsTrue(exact.CanEvaluate(output), what);
            for (long i = 0; i < seen[output].Count; i += random.Next(1, 5))
                Assert.AreEqual(seen[output][i], exact.At(output, i), 1e-5 * Math.Sqrt(exact.Terms(output)), $"{what} at {i}");
        }
    }

    private static ModelProto Make(OnnxModelBuilder b, TestRandom random)
    {
        if (random.Chance(0.4))
        {
            long rows = random.Next(1, 4), inner = random.Next(1, 6), columns = random.Next(1, 5);
            string a = b.Input("x", TensorProto.Types.DataType.Float, rows, inner);
            string product = random.Chance(0.5)
                ? b.Node("MatMul", [a, b.Weight(random.Floats(inner * columns, 1), inner, columns)])
                : random.Chance(0.5)
                    ? b.Node("Gemm", [a, b.Weight(random.Floats(inner * columns, 1), columns, inner), b.Weight(random.Floats(columns, 1), columns)], ("transB", 1L), ("alpha", 0.5f), ("beta", 2f))
                    : b.Node("Gemm", [a, b.Weight(random.Floats(inner * columns, 1), inner, columns), b.Weight(random.Floats(rows, 1), rows, 1)]);
            b.Output(b.Node("Add", [b.Node("Mul", [product, b.Weight(random.Floats(columns, 1), columns)]), product]), TensorProto.Types.DataType.Float, rows, columns);
            return b.Build();
        }
        int groups = random.Pick([1, 1, 2, 3]), channels = groups * random.Next(1, 4), made = groups * random.Next(1, 4), kernel = random.Next(1, 4), size = random.Next(5, 9);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, channels, size, size + 1);
        List<(string, object)> attributes = [("group", (long)groups), ("strides", new long[] { random.Next(1, 3), random.Next(1, 3) }), ("dilations", new long[] { random.Next(1, 3), 1 })];
        if (random.Chance(0.3))
        {
            attributes[2] = ("dilations", new long[] { 1, 1 });
            attributes.Add(("auto_pad", random.Pick(["SAME_UPPER", "SAME_LOWER", "VALID"])));
        }
        else
        {
            attributes.Add(("pads", new long[] { random.Next(0, 2), random.Next(0, 2), random.Next(0, 2), random.Next(0, 2) }));
        }
        string weight = b.Weight(random.Floats(made * channels / groups * kernel * kernel, 0.5), made, channels / groups, kernel, kernel);
        string y = b.Node("Conv", random.Chance(0.5) ? [x, weight] : [x, weight, b.Weight(random.Floats(made, 1), made)], [.. attributes]);
        string z = b.Node(random.Pick(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid"]), [b.Node("Sum", [y, y, b.Node("Mean", [y, y])])]);
        b.Output(z);
        return b.Build();
    }
}
