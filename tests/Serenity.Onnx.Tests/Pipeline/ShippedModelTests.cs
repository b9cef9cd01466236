using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Kinds of models that people ship: each is planned with default settings and the sizes of what it leaves open, and a run takes what the plan says.</summary>
[TestClass]
public sealed class ShippedModelTests
{
    private static IEnumerable<object[]> Kinds => ShippedModels.Kinds.Select(kind => new object[] { kind });

    /// <summary>Kinds that no fixed block of memory can hold: strings, sequences, and what grows within a loop.</summary>
    private static readonly string[] _inNoArena = ["columns of strings and numbers", "text by n-grams", "pieces of a sequence", "greedy decoding in a loop"];

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void It_is_planned_and_verified(string kind)
    {
        (ModelProto model, IReadOnlyDictionary<string, long> sizes) = ShippedModels.Create(kind);
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            if (executor == Executor.StaticArena && _inNoArena.Contains(kind))
            {
                SerenityException refused = Assert.ThrowsExactly<SerenityException>(
                    () => ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = sizes, Executor = executor }));
                StringAssert.Contains(refused.Message, "no fixed block of memory can");
                continue;
            }
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = sizes, Executor = executor });
            Assert.AreNotEqual("skipped", result.Verification!.Status, result.Verification.Reason);
            Assert.DoesNotContain(SerenityCodes.PassedThrough, result.Warnings.Select(w => w.Code), string.Join('\n', result.Warnings.Select(w => w.Message)));
            Assert.IsLessThanOrEqualTo(result.Peak.OriginalBytes, result.Peak.Bytes);
            // What strings and elements of sequences take is measured, and counts as workspace.
            if (result.Verification.MeasuredBytes is { } measured)
                Assert.IsTrue(result.Peak.AtMost ? measured <= result.Peak.Bytes : measured >= result.Peak.Bytes && measured <= result.Peak.RequiredBytes, $"{measured} of {result.Peak.Bytes}");
            Console.WriteLine($"{executor}: {result.Peak.OriginalBytes} -> {result.Peak.Bytes}{(result.Peak.AtMost ? " at most" : "")}, {result.Verification.Status} {result.Verification.Reason} {string.Join(", ", result.Warnings.Select(w => w.Code))}");
        }
    }
}
