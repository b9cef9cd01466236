using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Shapes.Symbolic;

namespace Serenity.Onnx.Verification;

/// <summary>Holds the sizes of a run against those that were planned with: stated, declared by the file, or bounds.</summary>
internal static class CheckedSizes
{
    /// <summary>Holds the outputs of a run.</summary>
    /// <exception cref="SerenityException">SER1301 or SER1303: another shape, or more than the bound.</exception>
    public static void Hold(VerificationRequest request, IEnumerable<KeyValuePair<string, RuntimeValue>> outputs)
    {
        foreach ((string name, RuntimeValue value) in outputs)
        {
            long[]? dims = value switch { RuntimeValue.Tensor tensor => tensor.Dims, RuntimeValue.Strings strings => strings.Dims, _ => null };
            if (dims is not null && request.Shapes?.Find(name) is { } planned)
                Hold(request, name, dims, planned);
        }
    }

    /// <summary>Holds inner values of which the size was assumed, by what the kernels of a run gave.</summary>
    /// <exception cref="SerenityException">SER1301 or SER1303: another shape, or more than the bound.</exception>
    public static void Hold(VerificationRequest request, IReadOnlyList<KernelEvent> kernels)
    {
        if (request.Assumed.Count == 0)
            return;
        Dictionary<string, NodeProto> nodes = new(StringComparer.Ordinal);
        foreach (NodeProto node in request.Optimized.Graph.Node)
            nodes.TryAdd(node.Name, node);
        foreach (KernelEvent kernel in kernels)
        {
            if (kernel.InSubgraph || !nodes.TryGetValue(kernel.Node, out NodeProto? node))
                continue;
            string[] outputs = [.. node.Output.Where(o => o.Length > 0)];
            for (int k = 0; k < outputs.Length && outputs.Length == kernel.Outputs.Count; k++)
            {
                if (request.Assumed.ContainsKey(outputs[k]) && kernel.Outputs[k].Type.Length > 0 && request.Shapes?.Find(outputs[k]) is { } planned)
                    Hold(request, outputs[k], kernel.Outputs[k].Dims, planned);
            }
        }
    }

    /// <summary>True if a value is larger than the item states. Made-up data need not be such as the item speaks of.</summary>
    public static bool IsBeyondStated(VerificationRequest request, string name, RuntimeValue value) =>
        value is RuntimeValue.Tensor { Dims: var dims } && request.Shapes is { } shapes && shapes.Varies.TryGetValue(name, out bool[]? varies)
        && request.Assumed.Values.Any(a => a.Origin == SizeOrigin.Stated) && shapes.Find(name) is { } planned
        && dims.Length == varies.Length && dims.Where((dim, i) => dim > planned.Dims[i]).Any();

    private static bool IsEmpty(ReadOnlySpan<long> dims) => dims.Contains(0);

    /// <summary>Holds one value.</summary>
    /// <exception cref="SerenityException">SER1301 or SER1303: another shape, or more than the bound.</exception>
    public static void Hold(VerificationRequest request, string name, long[] dims, TensorType planned)
    {
        if (planned.Dims.AsSpan().SequenceEqual(dims))
            return;
        bool[]? varies = request.Shapes?.Varies.GetValueOrDefault(name);
        // Of what a loop collects in no rounds ONNX Runtime gives no other sizes than 0: it has no elements either way.
        if (IsEmpty(dims) && (varies is not null || IsEmpty(planned.Dims)))
            return;
        if (varies is not null && dims.Length == varies.Length && Enumerable.Range(0, dims.Length).All(i => varies[i] ? dims[i] <= planned.Dims[i] : dims[i] == planned.Dims[i]))
            return;
        if (varies is not null)
        {
            throw new SerenityException(SerenityCodes.BoundExceeded, request.File,
                $"Value '{name}' has the shape [{string.Join(",", dims)}] in a run, more than the [{string.Join(",", planned.Dims)}] that was planned as the most of any run."
                + " State a larger bound in Bounds on the item.");
        }
        long[]? Inferred(string value) => request.Shapes?.Find(value)?.Dims;
        if (request.Source.Graph.Node.FirstOrDefault(node => WindowFit.NotAsInferred(node, Inferred) is not null) is { } pool)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, request.File,
                $"Value '{name}' has the shape [{string.Join(",", dims)}] when the model is run, and [{string.Join(",", planned.Dims)}] by what ONNX Runtime infers: {WindowFit.Rounded(pool, WindowFit.NotAsInferred(pool, Inferred)!, Inferred(pool.Output[0])!)}"
                + $" Give other sizes in {ModelSetting.FreeDimensions}, or export the model without ceil_mode, with padding at the end in its place.");
        }
        foreach (NodeProto node in request.Source.Graph.Node)
        {
            // A shape is inferred from one input where the kernel broadcasts another, such as two terms of an equation.
            if (DefinedSizes.NotAsInferred(node, Inferred) is not { } other)
                continue;
            throw new SerenityException(SerenityCodes.UnknownSize, request.File,
                $"Value '{name}' has the shape [{string.Join(",", dims)}] when the model is run, and [{string.Join(",", planned.Dims)}] by what ONNX Runtime infers: {DefinedSizes.Told(node, other)}");
        }
        throw new SerenityException(SerenityCodes.UnknownSize, request.File,
            $"{(request.Source.Graph.Output.Any(o => o.Name == name) ? "Output" : "Value")} '{name}' has the shape [{string.Join(",", dims)}] when the model is run, and [{string.Join(",", planned.Dims)}] by what its file states: a shape in the file is wrong."
            + " Export the model again, or remove the shapes stated for inner values and subgraphs.");
    }
}
