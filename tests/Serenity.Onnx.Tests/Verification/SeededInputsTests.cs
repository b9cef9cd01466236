using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Inputs are the same everywhere, fit the model, and contain what their case says.</summary>
[TestClass]
public sealed class SeededInputsTests
{
    [TestMethod]
    public void Same_bytes_on_every_machine()
    {
        RuntimeValue.Tensor x = (RuntimeValue.Tensor)Make(TinyModels.Diamond(4), InputCase.Uniform)["x"];
        CollectionAssert.AreEqual(x.Data, ((RuntimeValue.Tensor)Make(TinyModels.Diamond(4), InputCase.Uniform)["x"]).Data);
        // Written down once: a change here changes what every manifest's verification ran on.
        Assert.AreEqual(Expected, Convert.ToHexString(x.Data));
    }

    [TestMethod]
    public void Token_ids_stay_within_the_table_they_look_up()
    {
        GraphProto graph = new() { Name = "lookup" };
        graph.Input.Add(TinyModels.Value("ids", TensorProto.Types.DataType.Int32, 500));
        graph.Output.Add(TinyModels.Value("y", 500, 2));
        TensorProto table = new() { Name = "table", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 3, 2 } };
        table.FloatData.Add(new float[6]);
        graph.Initializer.Add(table);
        NodeProto cast = TinyModels.Node("Cast", "cast", ["ids"], ["wide"]);
        cast.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = (int)TensorProto.Types.DataType.Int64 });
        graph.Node.Add([cast, TinyModels.Node("Gather", "gather", ["table", "wide"], ["y"])]);
        RunnableModel model = RunnableModel.Of(TinyModels.Model(graph));

        foreach (InputCase kind in Enum.GetValues<InputCase>().Where(kind => kind < InputCase.Given))
        {
            byte[] data = ((RuntimeValue.Tensor)Make(model, kind)["ids"]).Data;
            int[] ids = [.. Enumerable.Range(0, 500).Select(i => BitConverter.ToInt32(data, 4 * i))];
            Assert.IsTrue(ids.All(i => i is >= 0 and < 3), kind.ToString());
            if (kind == InputCase.Uniform)
                CollectionAssert.AreEquivalent(new[] { 0, 1, 2 }, ids.Distinct().ToArray());
            using ModelSession session = ModelSession.Load(model);
            session.Run([.. Make(model, kind)]);
        }
    }

    [TestMethod]
    public void Cases_contain_what_they_say()
    {
        float[] Values(InputCase kind)
        {
            byte[] data = ((RuntimeValue.Tensor)Make(TinyModels.Diamond(1000), kind)["x"]).Data;
            return [.. Enumerable.Range(0, 1000).Select(i => BitConverter.ToSingle(data, 4 * i))];
        }
        Assert.IsTrue(Values(InputCase.Uniform).All(v => v is >= -1 and < 1));
        Assert.IsTrue(Values(InputCase.Uniform).Distinct().Count() > 990);
        Assert.IsTrue(Values(InputCase.Zeros).All(v => v == 0));
        Assert.IsTrue(Values(InputCase.Ones).All(v => v == 1));
        Assert.IsTrue(Values(InputCase.Large).All(v => float.IsFinite(v) && Math.Abs(v) > 2e38f));
        Assert.IsTrue(Values(InputCase.Large).Any(v => v < 0) && Values(InputCase.Large).Any(v => v > 0));
        Assert.IsTrue(Values(InputCase.Denormal).Count(float.IsSubnormal) is > 5 and < 100);
        float[] special = Values(InputCase.Special);
        Assert.IsTrue(special.Any(float.IsNaN) && special.Any(float.IsPositiveInfinity) && special.Any(float.IsNegativeInfinity)
            && special.Any(v => v == 0 && float.IsNegative(v)) && special.Any(float.IsSubnormal));
    }

    [TestMethod]
    [DataRow(TensorProto.Types.DataType.Float16)]
    [DataRow(TensorProto.Types.DataType.Bfloat16)]
    [DataRow(TensorProto.Types.DataType.Double)]
    [DataRow(TensorProto.Types.DataType.Uint8)]
    [DataRow(TensorProto.Types.DataType.Int8)]
    [DataRow(TensorProto.Types.DataType.Int16)]
    [DataRow(TensorProto.Types.DataType.Int64)]
    [DataRow(TensorProto.Types.DataType.Uint32)]
    [DataRow(TensorProto.Types.DataType.Bool)]
    [DataRow(TensorProto.Types.DataType.String)]
    public void Every_element_type_can_be_given_to_a_model(TensorProto.Types.DataType type)
    {
        GraphProto graph = new() { Name = "copy" };
        graph.Input.Add(TinyModels.Value("x", type, 3, 5));
        graph.Output.Add(TinyModels.Value("y", type, 3, 5));
        graph.Node.Add(TinyModels.Node("Identity", "copy", ["x"], ["y"]));
        RunnableModel model = RunnableModel.Of(TinyModels.Model(graph));
        foreach (InputCase kind in Enum.GetValues<InputCase>().Where(kind => kind < InputCase.Given))
        {
            using ModelSession session = ModelSession.Load(model);
            SortedDictionary<string, RuntimeValue> inputs = Make(model, kind);
            RuntimeValue y = session.Run([.. inputs])[0].Value;
            Assert.AreEqual(null, OutputComparison.Compare(inputs["x"], y, exact: true).Difference, kind.ToString());
            if (y is RuntimeValue.Tensor t)
                Assert.AreEqual(TensorElementType.Bool == t.Type ? 15 : t.Data.Length, t.Data.Length);
        }
    }

    private const string Expected = "3AFB18BF38F71D3F6EC3923EF5FD273F";

    private static SortedDictionary<string, RuntimeValue> Make(RunnableModel model, InputCase kind)
    {
        using ModelSession session = ModelSession.Load(model);
        SeededInputs inputs = new(ModelProto.Parser.ParseFrom(model.Bytes).Graph, session.Inputs);
        SortedDictionary<string, RuntimeValue> values = new(StringComparer.Ordinal);
        foreach ((string name, RuntimeValue value) in inputs.Create(kind))
            values.Add(name, value);
        return values;
    }
}
