using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Onnx.Verification.Values;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Outputs are judged slice by slice and over all runs.</summary>
[TestClass]
public sealed class OutputLedgerTests
{
    [TestMethod]
    [DataRow(0.5f, true)]
    [DataRow(1e-6f, false)]
    public void A_large_channel_excuses_nothing_in_a_small_one(float error, bool wrong)
    {
        float[] reference = [1, -1, 0.5f, 0.2f, 5e6f, -5e6f, 4e6f, 5e6f], actual = [.. reference];
        actual[2] += error;
        OutputLedger ledger = new(exact: false);
        ledger.Add(InputCase.Uniform, "y", Tensor([1, 2, 4], reference), Tensor([1, 2, 4], actual));
        Assert.AreEqual(wrong, ledger.Fault(_ => Measured(Tensor([1, 2, 4], reference))) is not null);
    }

    [TestMethod]
    public void A_small_rest_of_large_terms_may_be_off_by_their_rounding()
    {
        float[] reference = [1e-4f, 2], actual = [1.3e-4f, 2];
        OutputLedger ledger = new(exact: false);
        ledger.Add(InputCase.Uniform, "y", Tensor([1, 2], reference), Tensor([1, 2], actual));
        Assert.IsNull(ledger.Fault(_ => Measured(Tensor([1, 2], [10, 10]))));
        Assert.IsNotNull(ledger.Fault(_ => Measured(Tensor([1, 2], reference))));
    }

    [TestMethod]
    public void A_decision_may_differ_only_where_it_is_open()
    {
        OutputLedger ledger = new(exact: false);
        RuntimeValue.Tensor reference = new(TensorElementType.Int64, [2], [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        ledger.Add(InputCase.Uniform, "y", reference, reference with { Data = [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] });
        OutputYardstick Open(bool first) => new(new Dictionary<string, IReadOnlyList<double>>(), new Dictionary<string, bool[]> { ["y"] = [first, false] });
        Assert.IsNull(ledger.Fault(_ => Open(true)));
        StringAssert.Contains(ledger.Fault(_ => Open(false))!, "1 of 2");
        StringAssert.Contains(ledger.Fault(_ => null)!, "1 of 2");
    }

    [TestMethod]
    public void What_is_never_a_number_is_not_compared()
    {
        OutputLedger ledger = new(exact: true);
        ledger.Add(InputCase.Uniform, "a", Tensor([2], [float.NaN, float.NaN]), Tensor([2], [float.NaN, float.NaN]));
        ledger.Add(InputCase.Uniform, "b", Tensor([2], [float.NaN, 1]), Tensor([2], [float.NaN, 1]));
        Assert.AreEqual("a", ledger.NeverCompared);
        ledger.Add(InputCase.Ones, "a", Tensor([2], [float.PositiveInfinity, float.NaN]), Tensor([2], [float.PositiveInfinity, float.NaN]));
        Assert.IsNull(ledger.NeverCompared);
    }

    [TestMethod]
    public void A_model_whose_outputs_are_never_numbers_is_verified_in_part()
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(3);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 4, 16, 16);
        string[] parts = [.. Enumerable.Range(0, 4).Select(_ => b.Node("Conv", [x, b.Weight(random.Floats(32, 1), 8, 4, 1, 1)]))];
        string sum = b.Node("Conv", [b.Node("Concat", parts, ("axis", 1L)), b.Weight(random.Floats(4 * 32, 1), 4, 32, 1, 1)]);
        b.Output(b.Node("Sqrt", [b.Node("Sub", [b.Weight([-1f], 1), b.Node("Abs", [sum])])]), TensorProto.Types.DataType.Float, 1, 4, 16, 16);
        Contract.OptimizationResult result = WholeWay.Optimize(b.Build());
        Assert.IsNotEmpty(result.Rewrites);
        Assert.AreEqual("partial", result.Verification!.Status);
        Assert.IsTrue(result.Warnings.Any(w => w.Code == Diagnostics.SerenityCodes.NotVerified));
    }

    [TestMethod]
    public void Slices_are_those_of_brute_force()
    {
        TestRandom random = new(4);
        for (int round = 0; round < 200; round++)
        {
            long[] dims = [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => (long)random.Next(1, 5))];
            int count = (int)dims.Aggregate(1L, (a, d) => a * d);
            float[] a = random.Floats(count, 1), c = [.. a.Select(v => random.Chance(0.5) ? v : v + 1e-3f)];
            ValueSlice[] slices = ValueSlice.All(dims, ValueSlice.Between(SeenTensor.Of(Tensor(dims, a))!, SeenTensor.Of(Tensor(dims, c))!));
            int at = 0;
            for (int axis = 0; axis < dims.Length; axis++)
            {
                int inner = (int)dims[(axis + 1)..].Aggregate(1L, (x, d) => x * d);
                for (int i = 0; dims[axis] > 1 && i < dims[axis]; i++, at++)
                {
                    int[] own = [.. Enumerable.Range(0, count).Where(e => e / inner % dims[axis] == i)];
                    Assert.AreEqual(own.Max(e => Math.Abs((double)a[e] - c[e])), slices[at].Error);
                    Assert.AreEqual(own.Max(e => Math.Abs((double)a[e])), slices[at].Magnitude);
                    Assert.AreEqual(slices[at].Error, Math.Abs((double)a[slices[at].Worst] - c[slices[at].Worst]));
                    CollectionAssert.IsSubsetOf(slices[at].Elements(7).Select(e => (int)e).Distinct().ToArray(), own);
                }
            }
            Assert.HasCount(Math.Max(1, at), slices);
        }
    }

    private static OutputYardstick Measured(RuntimeValue.Tensor terms) => new(
        new Dictionary<string, IReadOnlyList<double>> { ["y"] = [.. ValueSlice.All(terms.Dims, ValueSlice.Between(SeenTensor.Of(terms)!, SeenTensor.Of(terms)!)).Select(s => s.Magnitude)] },
        new Dictionary<string, bool[]>());

    private static RuntimeValue.Tensor Tensor(long[] dims, float[] values) => new(TensorElementType.Float, dims, MemoryMarshal.AsBytes<float>(values).ToArray());
}
