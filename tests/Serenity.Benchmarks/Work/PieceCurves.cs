using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.OnnxRuntime;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Shapes;

namespace Serenity.Benchmarks.Work;

/// <summary>
/// What pieces bring at which predicted time, for each model, and where they bring nothing: what stands in their way. Markdown on standard output, as in docs/partition.md.
/// </summary>
internal static class PieceCurves
{
    private static readonly double[] _limits = [1.1, 1.25, 2, 8];

    /// <summary>Plans each model named, without verification.</summary>
    public static int Run(string[] args)
    {
        Console.WriteLine($"| model | whole | {string.Join(" | ", _limits.Select(l => string.Create(CultureInfo.InvariantCulture, $"within {l}")))} | at least | why no lower by default |");
        Console.WriteLine($"|---|{string.Concat(_limits.Select(_ => "--:|"))}--:|--:|---|");
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                OptimizationResult whole = Plan(model, 1.1, pieces: false);
                long[] curve = [.. _limits.Select(limit => Plan(model, limit, pieces: true).Peak.Bytes)];
                (PartitionBound bound, string? type) = Bound(model);
                string text = string.Join(" | ", curve.Select(bytes => bytes.ToString("N0", CultureInfo.InvariantCulture)));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {model.Name} | {whole.Peak.Bytes:N0} | {text} | {bound.Bytes:N0} | {Reason(whole, curve, bound, type)} |"));
            }
            catch (SerenityException e)
            {
                Console.WriteLine($"| {Path.GetFileNameWithoutExtension(path)} | {e.Code} ||||||");
            }
        }
        return 0;
    }

    private static OptimizationResult Plan(SuppliedModel model, double limit, bool pieces) => ModelOptimizer.Optimize(
        new OptimizeRequest { ModelPath = model.File.Path, FreeDimensions = model.FreeDimensions, WorkLimit = limit, Partition = pieces, Verify = false });

    /// <summary>
    /// What no pieces go under, whatever the order, of the model as ONNX Runtime executes it today and with its fusions ahead of time: the lower of the two, and the operator of the
    /// node that says so. Other rewrites may still go under it.
    /// </summary>
    public static (PartitionBound Bound, string? Type) Bound(SuppliedModel supplied)
    {
        OptimizeRequest request = new() { ModelPath = supplied.File.Path, FreeDimensions = supplied.FreeDimensions };
        OnnxRuntimeStarts starts = new(new PlanningTask(request, SourceModel.Prepare(supplied.File, request, default), _ => { }, default));
        return new[] { starts.Today, starts.First }.Distinct().Select(start =>
        {
            OrtGraph index = new(start.Model.Graph);
            PartitionGraph graph = new(start.Model, start.Shapes, ExecutionOrder.Of(index).Select(node => index.Node(node).Name), supplied.File.Path, new OnnxRuntimeSharing(TargetKernels.Of([])));
            PartitionBound bound = PartitionBound.InAnyOrder(graph, new LiveBytes(graph));
            return (bound, start.Model.Graph.Node.FirstOrDefault(n => n.Name == bound.Node)?.OpType);
        }).MinBy(found => found.bound.Bytes);
    }

    private static string Reason(OptimizationResult whole, long[] curve, PartitionBound bound, string? type)
    {
        // A hundredth is not what one calls lower.
        long enough = whole.Peak.Bytes - (whole.Peak.Bytes / 100);
        int first = Array.FindIndex(curve, bytes => bytes <= enough);
        if (first == 0)
            return "lower";
        if (bound.Bytes > enough)
            return bound.Node is null ? "its outputs" : $"`{type}` reads and makes that at once, and no axis cuts it bit for bit";
        string at = whole.PeakStep is { } step ? $"the peak is at `{whole.OperatorTypes[step.Index]}`" : "there is no step";
        return first > 0 ? string.Create(CultureInfo.InvariantCulture, $"{at}; pieces of it take more than 1.1 times the time") : $"{at}; no region of up to 64 steps around it keeps bits and is lower";
    }
}
