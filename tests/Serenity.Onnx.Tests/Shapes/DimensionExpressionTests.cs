using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Tests.Shapes;

[TestClass]
public sealed class DimensionExpressionTests
{
    [TestMethod]
    [DataRow("past_sequence_length + sequence_length", 37L)]
    [DataRow("2*s27", 14L)]
    [DataRow("((s77 - 1)//2) + 1", 50L)]
    [DataRow("encoder_sequence_length / 2", 750L)]
    [DataRow("floor(s27/2) + ceiling(s27/2)", 7L)]
    [DataRow("Max(1, s77 % 10, s27)", 9L)]
    [DataRow("s27**2 - 3", 46L)]
    [DataRow("past_sequence_length-sequence_length", 27L)]
    [DataRow("s27 - s77", null)]
    [DataRow("s27 / (s77 - s77)", null)]
    public void A_formula_has_the_value_of_its_symbols(string text, long? value)
    {
        Dictionary<string, long> sizes = new() { ["past_sequence_length"] = 32, ["sequence_length"] = 5, ["s27"] = 7, ["s77"] = 99, ["encoder_sequence_length"] = 1500 };
        DimensionExpression? formula = DimensionExpression.TryParse(text, sizes.Keys.ToHashSet());
        Assert.IsNotNull(formula);
        Assert.AreEqual(value, formula.Evaluate(s => sizes.TryGetValue(s, out long size) ? size : null));
        Assert.IsNull(formula.Evaluate(_ => null));
    }

    [TestMethod]
    [DataRow("batch")]
    [DataRow("unk__12")]
    [DataRow("batch-size")]
    [DataRow("N/A")]
    [DataRow("7")]
    [DataRow("2*3")]
    [DataRow("sequence length")]
    [DataRow("a +")]
    [DataRow("(a + b")]
    [DataRow("f(a)")]
    [DataRow("?")]
    [DataRow("")]
    public void A_name_is_no_formula(string text) => Assert.IsNull(DimensionExpression.TryParse(text, new HashSet<string>()));

    [TestMethod]
    public void A_name_made_to_nest_deep_is_no_formula() =>
        Assert.IsNull(DimensionExpression.TryParse(new string('(', 100_000) + "a + 1" + new string(')', 100_000), new HashSet<string>()));

    [TestMethod]
    [DataRow("past + seq", 20L, "past", 15L)]
    [DataRow("2*past", 20L, "past", 10L)]
    [DataRow("2*past", 21L, null, 0L)]
    [DataRow("seq - past", 2L, "past", 3L)]
    [DataRow("past + other", 20L, null, 0L)]
    [DataRow("past*past", 16L, null, 0L)]
    [DataRow("past//2 + 0", 8L, null, 0L)]
    public void The_last_symbol_follows_from_a_linear_formula(string text, long value, string? symbol, long size)
    {
        DimensionExpression formula = DimensionExpression.TryParse(text, new HashSet<string>())!;
        (string Symbol, long Size)? solved = formula.Solve(value, s => s == "seq" ? 5 : null);
        Assert.AreEqual(symbol, solved?.Symbol);
        if (symbol is not null)
            Assert.AreEqual(size, solved!.Value.Size);
    }
}
