using Serenity.Onnx.Formulas;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Formulas of sizes beside plain numbers, at every combination of small sizes.</summary>
[TestClass]
public sealed class SizeExpressionTests
{
    private static readonly SizeSpace _space = new(new Dictionary<string, SizeRange> { ["a"] = new(0, 5), ["b"] = new(1, 4), ["c"] = new(2, 6) });

    private static IEnumerable<Dictionary<string, long>> All()
    {
        for (long a = 0; a <= 5; a++)
        {
            for (long b = 1; b <= 4; b++)
            {
                for (long c = 2; c <= 6; c++)
                    yield return new Dictionary<string, long> { ["a"] = a, ["b"] = b, ["c"] = c };
            }
        }
    }

    [TestMethod]
    public void Formulas_compute_what_numbers_do_and_stay_within_their_bounds()
    {
        TestRandom random = new(1);
        for (int round = 0; round < 300; round++)
        {
            (SizeExpression formula, Func<Dictionary<string, long>, long> value) = Random(random, 4);
            (Int128 least, Int128 most) = formula.Between(_space);
            SizeExpression read = SizeExpression.Parse(formula.ToString());
            Assert.AreEqual(formula.ToString(), read.ToString());
            long before = long.MinValue;
            foreach (Dictionary<string, long> sizes in All())
            {
                long expected = value(sizes);
                Assert.AreEqual(expected, formula.Evaluate(sizes), formula.ToString());
                Assert.IsTrue(expected >= least && expected <= most, $"{formula} is {expected}, not in {least}..{most}");
                if (formula.IsMonotone && sizes["a"] > 0 && sizes.ToDictionary() is var smaller)
                {
                    smaller["a"]--;
                    Assert.IsLessThanOrEqualTo(expected, formula.Evaluate(smaller), formula.ToString());
                }
                before = Math.Max(before, expected);
            }
            (long largest, IReadOnlyDictionary<string, long> at, _) = SizeMaximum.Find([formula], _space)!.Value;
            Assert.AreEqual(before, largest, formula.ToString());
            Assert.AreEqual(largest, formula.Evaluate(at));
            Assert.AreEqual(largest, SizeMaximum.Find([formula], _space, mostValues: 0)!.Value.Value, "By boxes.");
            Func<long[], long> compiled = formula.Compiled(_space.Places());
            Assert.AreEqual(before, _space.All().Max(compiled), formula.ToString());
        }
    }

    [TestMethod]
    public void The_largest_formulas_have_the_largest_values_everywhere()
    {
        TestRandom random = new(2);
        for (int round = 0; round < 60; round++)
        {
            SizeExpression[] formulas = [.. Enumerable.Range(0, 6).Select(_ => Random(random, 3).Formula)];
            IReadOnlyList<SizeExpression> kept = PeakFormulas.Largest(formulas, _space);
            foreach (Dictionary<string, long> sizes in All())
                Assert.AreEqual(formulas.Max(f => f.Evaluate(sizes)), kept.Max(f => f.Evaluate(sizes)));
        }
    }

    [TestMethod]
    [DataRow("floor((floor((a + 1)/2) + 1)/2)", "floor((a + 3)/4)")]
    [DataRow("a*b + b*a", "2*a*b")]
    [DataRow("a - a", "0")]
    [DataRow("floor((4*a + 2)/2)", "2*a + 1")]
    [DataRow("floor((a*b + a*c)/(b + c))", "a")]
    [DataRow("floor((3*a^2*b)/(a*b))", "3*a")]
    [DataRow("max(a, 2)", "max(2, a)")]
    public void Equal_sizes_have_one_text(string written, string expected) => Assert.AreEqual(expected, SizeExpression.Parse(written).ToString());

    [TestMethod]
    [DataRow("")]
    [DataRow("a +")]
    [DataRow("floor((a)/)")]
    [DataRow("max(a)")]
    [DataRow("a b")]
    [DataRow("`a")]
    [DataRow("a^99999")]
    [DataRow("a^9223372036854775807")]
    [DataRow("floor((a)/0)")]
    [DataRow("9223372036854775807*a*9223372036854775807")]
    public void What_is_no_formula_is_refused(string text) => Assert.ThrowsExactly<FormatException>(() => SizeExpression.Parse(text));

    /// <summary>A model may call its dimensions anything.</summary>
    [TestMethod]
    [DataRow("a b")]
    [DataRow("a*b")]
    [DataRow("b^2")]
    [DataRow("a//b")]
    [DataRow("floor(a)")]
    [DataRow("2x")]
    [DataRow("-x")]
    [DataRow("past + sequence")]
    [DataRow("`tick``s`")]
    [DataRow("batch</script>")]
    public void A_name_of_any_kind_is_read_as_it_was_written(string name)
    {
        SizeExpression formula = (SizeExpression.Symbol(name) * SizeExpression.Of(4)) + SizeExpression.FloorDivide(SizeExpression.Symbol("n") - SizeExpression.Symbol(name), SizeExpression.Of(3));
        SizeExpression read = SizeExpression.Parse(formula.ToString());
        Assert.AreEqual(formula.ToString(), read.ToString());
        Assert.AreEqual(20 + 2, read.Evaluate(new Dictionary<string, long> { [name] = 5, ["n"] = 11 }));
    }

    private static (SizeExpression Formula, Func<Dictionary<string, long>, long> Value) Random(TestRandom random, int depth)
    {
        if (depth == 0 || random.Chance(0.2))
        {
            string name = random.Pick(["a", "b", "c"]);
            long number = random.Next(4);
            return random.Chance(0.6) ? (SizeExpression.Symbol(name), sizes => sizes[name]) : (SizeExpression.Of(number), _ => number);
        }
        (SizeExpression x, Func<Dictionary<string, long>, long> valueX) = Random(random, depth - 1);
        (SizeExpression y, Func<Dictionary<string, long>, long> valueY) = Random(random, depth - 1);
        long divisor = 1 + random.Next(4);
        return random.Next(7) switch
        {
            0 or 1 => (x + y, s => valueX(s) + valueY(s)),
            2 => (x - y, s => valueX(s) - valueY(s)),
            3 => (x * y, s => valueX(s) * valueY(s)),
            4 => (SizeExpression.FloorDivide(x, SizeExpression.Of(divisor)), s => SizeExpression.Floor(valueX(s), divisor)),
            5 => (SizeExpression.Max(x, y, _space), s => Math.Max(valueX(s), valueY(s))),
            _ => (SizeExpression.Min(x, y, _space), s => Math.Min(valueX(s), valueY(s))),
        };
    }
}
