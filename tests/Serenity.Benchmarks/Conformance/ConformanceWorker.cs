using Microsoft.ML.OnnxRuntime;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;

namespace Serenity.Benchmarks.Conformance;

/// <summary>Tries models whose paths come in on standard input, one a line, and says what became of each on standard output.</summary>
internal static class ConformanceWorker
{
    /// <summary>The line that says that ONNX Runtime ran the model by itself.</summary>
    public const string Runs = "runs";

    public static int Run()
    {
        while (Console.ReadLine() is { Length: > 0 } path)
        {
            Console.WriteLine(Try(path).ToLine());
            Console.Out.Flush();
        }
        return 0;
    }

    private static ConformanceRow Try(string path)
    {
        string name = Path.GetFileName(Path.GetDirectoryName(path))!;
        LoadedModel file;
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs;
        List<IReadOnlyList<KeyValuePair<string, RuntimeValue>>> expected = [];
        try
        {
            file = ModelFile.Load(path);
            inputs = ConformanceData.Read(path, file.Model.Graph);
            // Fusions alone change a sum's last bits; the file holds the same fusions that ONNX Runtime applies to the original when loading it.
            foreach (GraphOptimizationLevel level in (GraphOptimizationLevel[])[GraphOptimizationLevel.ORT_DISABLE_ALL, GraphOptimizationLevel.ORT_ENABLE_EXTENDED])
            {
                using ModelSession session = ModelSession.Load(RunnableModel.Of(file.Model, file.ExternalFolder), level);
                expected.Add(session.Run(inputs));
            }
        }
        catch (Exception e) when (e is SerenityException or NotSupportedException or InvalidOperationException or OnnxRuntimeException)
        {
            return new ConformanceRow(name, ConformanceFate.NotRun, e.Message);
        }
        // What ends the process before this is ONNX Runtime's own.
        Console.WriteLine(Runs);
        Console.Out.Flush();
        try
        {
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Rewrite = RewriteLevel.Exact, FreeDimensions = Sizes(file.Model.Graph, inputs) });
            string warnings = string.Join("; ", result.Warnings.Select(w => $"{w.Code} {w.Message}"));
            if (RandomOperators.Find(file.Model) is not null)
                return new ConformanceRow(name, ConformanceFate.Random, warnings);
            using ModelSession session = ModelSession.Load(RunnableModel.Of(result.Model, file.ExternalFolder));
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual = session.Run(inputs);
            double least = expected.Min(e => ValueDifference.Of(e, actual));
            return new ConformanceRow(name, least == 0 ? ConformanceFate.Same : ConformanceFate.Different, warnings);
        }
        catch (SerenityException e)
        {
            return new ConformanceRow(name, ConformanceFate.Refused, $"{e.Code} {e.Message}");
        }
    }

    // By place, as one would with sizes of a known input in hand.
    private static Dictionary<string, long> Sizes(GraphProto graph, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs)
    {
        Dictionary<string, long> sizes = [];
        foreach ((string name, RuntimeValue value) in inputs)
        {
            TensorShapeProto? shape = graph.Input.First(i => i.Name == name).Type?.TensorType?.Shape;
            long[]? dims = value switch { RuntimeValue.Tensor t => t.Dims, RuntimeValue.Strings s => s.Dims, _ => null };
            for (int axis = 0; shape is not null && dims is not null && axis < Math.Min(dims.Length, shape.Dim.Count); axis++)
            {
                if (!shape.Dim[axis].HasDimValue)
                    sizes[$"{name}:{axis}"] = dims[axis];
            }
        }
        return sizes;
    }
}
