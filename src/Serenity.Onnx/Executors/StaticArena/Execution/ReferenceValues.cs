using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>Every value of a model's main graph, from one run of the whole model that hands all of them out.</summary>
internal static class ReferenceValues
{
    /// <summary>Runs the model once.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="externalFolder">Folder of external data, or null.</param>
    /// <param name="inputs">Value of every input.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>All dense tensors by name, inputs included.</returns>
    /// <exception cref="SerenityException">ONNX Runtime refuses the model.</exception>
    /// <exception cref="RunLimitException">The run needs too much.</exception>
    public static Dictionary<string, RuntimeValue.Tensor> Compute(
        ModelProto model, string? externalFolder, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        ModelProto open = model.Clone();
        HashSet<string> known = new(open.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        foreach (NodeProto node in open.Graph.Node)
        {
            foreach (string output in node.Output)
            {
                if (output.Length > 0 && known.Add(output))
                    open.Graph.Output.Add(new ValueInfoProto { Name = output });
            }
        }
        using ModelSession session = ModelSession.Load(RunnableModel.Of(open, externalFolder));
        Dictionary<string, RuntimeValue.Tensor> values = new(StringComparer.Ordinal);
        foreach ((string name, RuntimeValue value) in inputs.Concat(session.Run(inputs, null, cancellation)))
        {
            if (value is RuntimeValue.Tensor tensor)
                values[name] = tensor;
        }
        return values;
    }
}
