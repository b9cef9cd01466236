using static Serenity.Onnx.Models.WireNodes;

namespace Serenity.Onnx.Models;

/// <summary>
/// Counts what a model consists of in its bytes, before it is parsed and in time linear in them: nodes, functions, subgraphs, inputs and outputs, calls within calls, and the nodes that there are
/// once all calls are inlined. Small files can come to something enormous: thirty functions that call the next one twice come to a thousand million nodes, and ONNX Runtime puts a function's nodes in
/// place of each call.
/// </summary>
internal ref struct WireLimits
{
    /// <summary>Nodes of a model, subgraphs and functions included, as they are and with all calls inlined. The largest models in use have some tens of thousands.</summary>
    public const int MostNodes = 250_000;

    /// <summary>Functions of a model. Exporters make one for each module.</summary>
    public const int MostFunctions = 100_000;

    /// <summary>Subgraphs of a model, within one another or side by side.</summary>
    public const int MostSubgraphs = 50_000;

    /// <summary>Inputs of a graph, and outputs, at most. The largest models in use have some hundreds.</summary>
    public const int MostValues = 10_000;

    /// <summary>Functions that call one another, at most: exporters make one for each module within a module. ONNX Runtime never returns from chains of thousands (<see cref="Contract.RuntimeRules.FunctionChains"/>).</summary>
    public const int DeepestCalls = 100;

    private int _nodes, _functions, _subgraphs, _inputs, _outputs, _initializers;

    /// <summary>The first limit that a model exceeds, as a clause for an error message; null if there is none.</summary>
    /// <param name="model">A whole model that <see cref="WireCheck"/> found nothing wrong with.</param>
    public static string? Find(ReadOnlySpan<byte> model) => new WireLimits().Count(model);

    private string? Count(ReadOnlySpan<byte> model)
    {
        foreach (WireEntry entry in new WireFields(model))
        {
            if (!entry.IsDelimited || PartOf("ModelProto", entry.Number) is not { } type)
                continue;
            if (type == Function && ++_functions > MostFunctions)
                return $"it has more than the {MostFunctions} functions that are supported";
            // A field that is there twice is merged.
            if (type == Graph)
                CountValues(entry.Value);
            if (CountParts(entry.Value, type) is { } problem)
                return problem;
        }
        // Old models list their weights among the inputs.
        if (_inputs - _initializers > MostValues)
            return $"it has {_inputs} inputs, more than the {MostValues} that are supported";
        if (_outputs > MostValues)
            return $"it has {_outputs} outputs, more than the {MostValues} that are supported";
        return _functions > 0 ? WireCalls.Find(model) : null;
    }

    private void CountValues(ReadOnlySpan<byte> graph)
    {
        foreach (WireEntry entry in new WireFields(graph))
        {
            switch (entry.Number)
            {
                case GraphInput:
                    _inputs++;
                    break;
                case GraphOutput:
                    _outputs++;
                    break;
                case GraphInitializer:
                    _initializers++;
                    break;
            }
        }
    }

    // No deeper than what was walked before.
    private string? CountParts(ReadOnlySpan<byte> message, string type)
    {
        foreach (WireEntry entry in new WireFields(message))
        {
            if (!entry.IsDelimited || PartOf(type, entry.Number) is not { } part)
                continue;
            if (part == Node && ++_nodes > MostNodes)
                return $"it has more than the {MostNodes} nodes that are supported";
            if (part == Graph && ++_subgraphs > MostSubgraphs)
                return $"it has more than the {MostSubgraphs} subgraphs that are supported";
            if (CountParts(entry.Value, part) is { } problem)
                return problem;
        }
        return null;
    }
}
