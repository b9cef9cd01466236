using System.Runtime.InteropServices;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Operators.Table;

/// <summary>What the operator table states, held against ONNX Runtime where it can be seen in numbers. Region rules have tests of their own, kernel by kernel sharing too.</summary>
[TestClass]
public sealed class OperatorTableTests
{
    /// <summary>Whole packets of every vector unit, so that elements are computed alike wherever they stand.</summary>
    private const int Elements = 64;

    /// <summary>How far <see cref="OperatorTraits.Contracts"/> is checked, and the steepest slope it allows: Selu's, left of zero.</summary>
    private const float Step = 1 / 64f, Steepest = 1.76f;

    [TestMethod]
    public void Every_operator_has_one_entry_a_version()
    {
        string[] twice = [.. OperatorTable.All.GroupBy(e => (e.Domain, e.Name, e.Since)).Where(g => g.Count() > 1).Select(g => $"{g.Key}")];
        Assert.IsEmpty(twice, string.Join(' ', twice));
        foreach (IGrouping<(string, string), Operator> versions in OperatorTable.All.GroupBy(e => (e.Domain, e.Name)))
            CollectionAssert.AreEqual(versions.Select(e => e.Since).Order().ToArray(), versions.Select(e => e.Since).ToArray(), $"{versions.Key}");
        foreach (Operator entry in OperatorTable.All)
        {
            Assert.AreNotEqual(OperatorDomain.Onnx, entry.Domain, entry.Name);
            Assert.IsTrue(OperatorDomain.HasKernels(entry.Domain), entry.Name);
            // What may be written over an input is what follows from it element by element, or row by row.
            if ((entry.Traits & (OperatorTraits.OverwritesFirst | OperatorTraits.OverwritesAny)) != 0)
                Assert.IsTrue(entry.Kind is OperatorKind.Elementwise or OperatorKind.Broadcast or OperatorKind.Softmax or OperatorKind.Normalization, entry.Name);
        }
    }

    [TestMethod]
    public void A_version_holds_until_the_next()
    {
        static Operator At(string name, long opset) => OperatorTable.Of(new NodeProto { OpType = name }, opset);

        Assert.IsTrue(At("Add", 6).Has(OperatorTraits.MatchesByAttribute));
        Assert.IsFalse(At("Add", 7).Has(OperatorTraits.MatchesByAttribute));
        Assert.AreEqual(1, At("Softmax", 12).Since);
        Assert.AreEqual(13, At("Softmax", 13).Since);
        Assert.AreEqual(13, At("ReduceSum", 17).Since);
        Assert.AreEqual(1, At("ReduceMean", 17).Since);
        Assert.AreEqual(18, At("ReduceMean", 24).Since);
        Assert.AreSame(At("Softmax", 24), OperatorTable.Of(new NodeProto { OpType = "Softmax", Domain = "ai.onnx" }));
        Assert.IsFalse(OperatorTable.Of(new NodeProto { OpType = "Softmax", Domain = "com.example" }).IsKnown);
    }

    /// <summary>Roles that rewrites and workspace rules read off, as the standard has them.</summary>
    [TestMethod]
    public void Roles_are_where_the_standard_has_them()
    {
        static int[] Of(string name, InputRole role) => OperatorTable.Standard(name).Roles.PositionsOf(role);

        CollectionAssert.AreEqual(new[] { 1 }, Of("Conv", InputRole.Weight));
        CollectionAssert.AreEqual(new[] { 3 }, Of("QLinearConv", InputRole.Weight));
        CollectionAssert.AreEqual(new[] { 8 }, Of("QLinearConv", InputRole.Bias));
        CollectionAssert.AreEqual(new[] { 1, 4, 6 }, Of("QLinearConv", InputRole.Scale));
        CollectionAssert.AreEqual(new[] { 3 }, Of("Resize", InputRole.Sizes));
        Assert.AreEqual(InputRole.Data, OperatorTable.Standard("Concat").Roles[7]);
        Assert.AreEqual(InputRole.PerChannel, OperatorTable.Standard("BatchNormalization").Roles[4]);
    }

    public static IEnumerable<object[]> Computed => OperatorTable.All
        .Where(e => e is { IsStandard: true, Kind: OperatorKind.Elementwise or OperatorKind.Broadcast } && !e.Has(OperatorTraits.MatchesByAttribute)).Select(e => new object[] { e.Name });

    /// <summary>
    /// Elements in reverse give the results in reverse: none looks at another. What rounds gives whole numbers, what keeps values gives its input, what contracts is
    /// nowhere steeper than it may be, and what compares depends on which is larger alone.
    /// </summary>
    [TestMethod]
    [DynamicData(nameof(Computed))]
    public void An_elementwise_operator_is_what_the_table_says(string name)
    {
        Operator entry = OperatorTable.Standard(name);
        OnnxModelBuilder builder = new(opset: 24, irVersion: 11);
        string backwards = builder.Integers([.. Enumerable.Range(0, Elements).Select(i => (long)(Elements - 1 - i))]);
        string[] forth = Operands(builder, name, builder.Weight([0f])), moved = Operands(builder, name, builder.Weight([Step]));
        string[] back = [.. forth.Select(x => builder.Node("Gather", [x, backwards]))];
        string y = Apply(builder, name, forth), reversed = builder.Node("Gather", [Apply(builder, name, back), backwards]), further = Apply(builder, name, moved);
        foreach (string output in (string[])[forth[0], y, reversed, further])
            builder.Output(output, DataType.Undefined, null);
        ModelProto model = builder.Build();
        foreach (ValueInfoProto output in model.Graph.Output)
            output.Type = null;
        Dictionary<string, OrtRun.Result> results = OrtRun.Run(model, 3);

        CollectionAssert.AreEqual(results[y].Bytes, results[reversed].Bytes, "elements depend on one another");
        if (entry.Has(OperatorTraits.KeepsValues))
            CollectionAssert.AreEqual(results[forth[0]].Bytes, results[y].Bytes, "values change");
        if (entry.Has(OperatorTraits.Rounds) && entry.Kind == OperatorKind.Elementwise)
            Assert.IsTrue(Floats(results[y]).All(v => v == MathF.Truncate(v)), "it does not round");
        if (entry.Has(OperatorTraits.Compares))
            Assert.AreEqual(DataType.Bool, results[y].Type.ElementType);
        if (entry.Has(OperatorTraits.Contracts))
        {
            float steepest = Floats(results[y]).Zip(Floats(results[further]), (a, b) => Math.Abs(b - a) / Step).Max();
            Assert.IsLessThanOrEqualTo(Steepest, steepest, "it makes errors larger");
        }
    }

    /// <summary>Operands from -4 to 4 of the type that the operator takes, all a little further on.</summary>
    private static string[] Operands(OnnxModelBuilder builder, string name, string further)
    {
        float[] first = [.. Enumerable.Range(0, Elements).Select(i => i * 37 % Elements / 8f - 4 + 0.013f)], second = [.. first.Select((_, i) => first[(i + 5) % Elements])];
        string x = builder.Node("Add", [builder.Weight(first, Elements), further]), other = builder.Weight(second, Elements);
        string Bits(string value) => builder.Node("Cast", [builder.Node("Abs", [value])], ("to", (long)DataType.Uint32));
        string Truth(string value) => builder.Node("Greater", [value, builder.Weight([0f])]);
        string[] both = name switch
        {
            "Not" or "And" or "Or" or "Xor" => [Truth(x), Truth(other)],
            "BitwiseNot" or "BitwiseAnd" or "BitwiseOr" or "BitwiseXor" or "BitShift" => [Bits(x), Bits(other)],
            _ => [x, other],
        };
        return OperatorTable.Standard(name).Kind == OperatorKind.Elementwise ? both[..1] : name == "Where" ? [Truth(x), x, other] : both;
    }

    private static string Apply(OnnxModelBuilder builder, string name, string[] operands) => name switch
    {
        "Cast" => builder.Node(name, operands, ("to", (long)DataType.Float)),
        "Mod" => builder.Node(name, operands, ("fmod", 1L)),
        "BitShift" => builder.Node(name, operands, ("direction", "LEFT")),
        _ => builder.Node(name, operands),
    };

    private static float[] Floats(OrtRun.Result result) => MemoryMarshal.Cast<byte, float>(result.Bytes).ToArray();
}
