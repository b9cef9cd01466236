using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Operators;

/// <summary>Whether a Dropout does anything is decided once, and everybody goes by it.</summary>
[TestClass]
public sealed class DropoutModeTests
{
    private static readonly string[] _modes = ["omitted", "false", "true", "default", "given"];

    /// <summary>All ways to say whether it trains, with a ratio that is zero or not: a truth table by hand.</summary>
    [TestMethod]
    public void Only_what_cannot_train_is_off()
    {
        foreach (string mode in _modes)
        {
            foreach (bool dropsNone in (bool[])[false, true])
            {
                bool isOff = mode is "omitted" or "false";
                (ModelProto model, NodeProto node) = Dropout(mode, dropsNone, opset: 17);
                Assert.AreEqual(isOff, DropoutMode.IsOff(node, 17, Constant(model)), mode);
                Assert.AreEqual(!isOff && !dropsNone, DropoutMode.MayDrop(node, 17, Constant(model)), mode);
                Assert.AreEqual(!isOff && !dropsNone, RandomOperators.Find(model) is not null, mode);
            }
        }
    }

    [TestMethod]
    [DataRow(6, 0L, false)]
    [DataRow(6, 1L, true)]
    [DataRow(7, 0L, true)]
    [DataRow(11, 0L, true)]
    public void Earlier_versions_say_it_otherwise(int opset, long isTest, bool isOff)
    {
        NodeProto node = new() { OpType = "Dropout", Input = { "x" }, Output = { "y" } };
        node.Attribute.Add(new AttributeProto { Name = "is_test", I = isTest });
        Assert.AreEqual(isOff, DropoutMode.IsOff(node, opset, _ => null));
    }

    /// <summary>Its output is another name of its input in the arena where it is off, and a value of its own where a caller may switch it on: the input is read again behind it.</summary>
    [TestMethod]
    public void The_arena_shares_a_buffer_only_where_it_is_off()
    {
        foreach (string mode in _modes)
        {
            (ModelProto model, NodeProto node) = Dropout(mode, dropsNone: false, opset: 17);
            ModelShapes shapes = ShapeInference.Run(model, "model.onnx", new Dictionary<string, long>(), default);
            StaticArenaGraph graph = StaticArenaGraph.Build(model, shapes);
            bool isOff = DropoutMode.IsOff(node, 17, Constant(model));
            Assert.AreEqual(isOff, graph.Values[node.Output[0]].Kind == ArenaValueKind.Alias, mode);
            // Input and output of one that may drop are both there when the sum is made; else one buffer is.
            long both = 2 * 4 * 64, least = graph.Graph.TensorCount == 0 ? 0 : LiveProfile.Peak(graph.Graph, graph.FileOrder());
            Assert.IsGreaterThanOrEqualTo(isOff ? both : both + 4 * 64, least, mode);
        }
    }

    /// <summary>A Relu, a Dropout of it, and the sum of the Dropout and the Relu's sigmoid.</summary>
    private static (ModelProto Model, NodeProto Dropout) Dropout(string mode, bool dropsNone, int opset)
    {
        OnnxModelBuilder builder = new(opset: opset);
        string relu = builder.Node("Relu", [builder.Input("x", DataType.Float, 1, 64)]);
        string ratio = builder.Weight([dropsNone ? 0f : 0.5f]);
        List<string> inputs = [relu, ratio];
        if (mode != "omitted")
            inputs.Add("mode");
        if (mode is "default" or "given")
            builder.Input("mode", DataType.Bool);
        if (mode is "false" or "true" or "default")
            builder.Add(OnnxModelBuilder.Tensor("mode", DataType.Bool, [mode == "true" ? (byte)1 : (byte)0]));
        string dropped = builder.Node("Dropout", [.. inputs]);
        builder.Output(builder.Node("Add", [dropped, builder.Node("Sigmoid", [relu])]), DataType.Float, 1, 64);
        ModelProto model = builder.Build();
        return (model, model.Graph.Node.Single(n => n.OpType == "Dropout"));
    }

    /// <summary>Initializers that no caller can replace.</summary>
    private static Func<string, TensorProto?> Constant(ModelProto model) =>
        name => model.Graph.Input.Any(i => i.Name == name) ? null : model.Graph.Initializer.FirstOrDefault(i => i.Name == name);
}
