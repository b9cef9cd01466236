using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Shapes;

/// <summary>Shapes of every real model against one run with every value as an output.</summary>
[TestClass]
public sealed class SharedShapesTests
{
    [TestMethod]
    public void Shapes_are_those_of_a_run_or_the_model_is_refused_with_a_code()
    {
        IReadOnlyList<string> files = SharedData.Files("models", "*.onnx");
        if (files.Count == 0)
            Assert.Inconclusive("No test data beside the checkout.");
        List<string> wrong = [];
        foreach (string path in files.Where(f => !f.Contains("/bad/", StringComparison.Ordinal)))
        {
            ModelProto model = ModelFile.Load(path).Model.Clone();
            UniqueNames.Assign(model);
            Dictionary<string, long> free = SharedRunInputs.FreeDimensions(Path.GetFileName(path), model);
            string line;
            try
            {
                Stopwatch watch = Stopwatch.StartNew();
                ModelShapes shapes = ShapeInference.Run(model, path, free);
                double milliseconds = watch.Elapsed.TotalMilliseconds;
                line = string.Create(CultureInfo.InvariantCulture,
                    $"{shapes.Main.Types.Count} known, {shapes.Main.Opaque.Count} opaque, {shapes.Subgraphs.Count}+{shapes.UnknownInSubgraph.Count} subgraphs, {milliseconds:F0} ms");
                wrong.AddRange(Compare(model, path, free, shapes.Main).Select(w => $"{Path.GetFileName(path)}: {w}"));
            }
            catch (SerenityException e)
            {
                line = $"{e.Code} {e.Message}";
            }
            Console.WriteLine($"{path.Split("/models/")[1]}: {line}");
        }
        Assert.IsEmpty(wrong, string.Join('\n', wrong.Take(20)));
    }

    private static IEnumerable<string> Compare(ModelProto model, string path, Dictionary<string, long> free, ShapeTable shapes)
    {
        Dictionary<string, TensorType?> truth;
        try
        {
            truth = ShapeTruth.Run(model, path, free);
        }
        catch (Exception e) when (e is OnnxRuntimeException or NotSupportedException)
        {
            Console.WriteLine($"  no run: {e.Message.ReplaceLineEndings(" ")}");
            yield break;
        }
        foreach ((string name, TensorType? type) in truth)
        {
            if (shapes.Opaque.Contains(name) ? type is not null && type.ElementType != TensorProto.Types.DataType.String : !Equals(shapes.Find(name), type) && !Within(name, type))
                yield return $"{name} is {type}, found {shapes.Find(name)}";
        }

        // What varies from run to run is known as the most of each dimension.
        bool Within(string name, TensorType? type) => type is not null && shapes.Varies.TryGetValue(name, out bool[]? varies) && varies.Length == type.Dims.Length
            && type.Dims.Select((dim, i) => varies[i] ? dim <= shapes.Find(name)!.Dims[i] : dim == shapes.Find(name)!.Dims[i]).All(ok => ok);
    }
}
