using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Finds the type and shape of every value of a model, from ONNX Runtime itself, without running the model. What it cannot tell by
/// inference alone is settled by proof (a loop whose state keeps its shape) or refused: a size that depends on the data is never guessed.
/// </summary>
internal static class ShapeInference
{
    // Beyond this a sum over all values of the largest model that is read could leave 63 bits. No machine holds such a value.
    private const long LargestValue = 1L << 42;

    /// <summary>Infers all types and shapes.</summary>
    /// <param name="model">A checked model whose nodes all have names of their own (<see cref="UniqueNames"/>). Not changed.</param>
    /// <param name="path">Absolute path of its file, for external data and errors.</param>
    /// <param name="freeDimensions">Sizes of open dimensions; see <see cref="FreeDimensionTable"/> for their names.</param>
    /// <param name="cancellation">Ends the work between two questions to ONNX Runtime.</param>
    /// <exception cref="SerenityException">SER1206: ONNX Runtime refuses the model; SER1301: a size is not known; SER1302: a free dimension
    /// is wrong; SER1701: ONNX Runtime cannot be loaded.</exception>
    public static ModelShapes Run(
        ModelProto model, string path, IReadOnlyDictionary<string, long> freeDimensions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        FreeDimensionTable free = new(model, freeDimensions, path);
        if (!NativeRuntime.IsAvailable)
            return Declared(model, free, path);
        GraphInference inference = new(model, path, cancellation);
        Dictionary<string, ValueFact> given = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in model.Graph.Input)
            given[input.Name] = ValueFact.Declared(free.Apply(input));

        Dictionary<string, ValueFact> facts;
        try
        {
            facts = inference.Infer(model.Graph, given, new Dictionary<string, TensorProto>(StringComparer.Ordinal));
        }
        catch (OnnxRuntimeException refusal)
        {
            throw Refused(model, path, freeDimensions.Count > 0, refusal);
        }
        catch (OverflowException e)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, path, "A value of the model has a dimension of more than 2^31 elements, which cannot be planned.", e);
        }
        if (FirstUnknown(model.Graph, facts) is { } unknown)
            throw Unknown(model, unknown, freeDimensions, free, path, cancellation);
        return Checked(new ModelShapes(Table(facts) with { Bodies = inference.Subgraphs }, inference.Subgraphs, inference.Unknown) { RefusedSubgraphs = inference.Refused }, path);
    }

    /// <summary>What the file states itself; for hosts without ONNX Runtime.</summary>
    /// <exception cref="SerenityException">SER1701: the file does not state all shapes; SER1301: dimensions are open.</exception>
    internal static ModelShapes Declared(ModelProto model, FreeDimensionTable free, string path)
    {
        ModelShapes shapes = DeclaredShapes.Read(model, free, out string? missing);
        if (missing is null)
            return Checked(shapes, path);
        if (free.Unset.Count > 0)
            throw Open(missing, free, FreeDimensionProposal.Of(free, _ => true), path);
        throw new SerenityException(
            SerenityCodes.RuntimeMissing, path, $"The file does not state the size of value '{missing}', and ONNX Runtime cannot be asked. {NativeRuntime.WhyUnavailable}");
    }

    private static ModelShapes Checked(ModelShapes shapes, string path)
    {
        foreach ((string name, TensorType type) in shapes.Main.Types)
            CheckSize(name, type, path);
        return shapes;
    }

    internal static ShapeTable Table(IReadOnlyDictionary<string, ValueFact> facts)
    {
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        HashSet<string> opaque = new(StringComparer.Ordinal);
        foreach ((string name, ValueFact fact) in facts)
        {
            if (fact.Type is not null)
                types.Add(name, fact.Type);
            else
                opaque.Add(name);
        }
        return new ShapeTable(types, opaque);
    }

    /// <summary>The first value of unknown size: an input that is used, or what the first node in order writes whose inputs are all known.</summary>
    internal static string? FirstUnknown(GraphProto graph, IReadOnlyDictionary<string, ValueFact> facts)
    {
        GraphView view = new(graph);
        foreach (ValueInfoProto input in graph.Input)
        {
            int value = view.Find(input.Name);
            if (!facts[input.Name].IsSettled && (view.Consumers(value).Count > 0 || view.IsGraphOutput(value)))
                return input.Name;
        }
        foreach (int node in TopologicalOrder.Of(view))
        {
            foreach (int output in view.Outputs(node))
            {
                if (output >= 0 && (!facts.TryGetValue(view.Name(output), out ValueFact? fact) || !fact.IsSettled))
                    return view.Name(output);
            }
        }
        return null;
    }

    private static SerenityException Open(string value, FreeDimensionTable free, IEnumerable<KeyValuePair<string, long>> proposal, string path) => new(
        SerenityCodes.UnknownSize, path,
        $"The size of value '{value}' is not known, because the model leaves dimensions of its inputs open: {string.Join(", ", free.Unset.Select(n => $"'{n}'"))}. "
        + $"Give their sizes in the SerenityModel item, for example FreeDimensions=\"{FreeDimensionProposal.Text(proposal)}\".");

    /// <summary>True if ONNX Runtime takes the model with sizes: what is proposed should not be refused when it is tried.</summary>
    private static bool Takes(ModelProto model, string path, IReadOnlyDictionary<string, long> given, IReadOnlyDictionary<string, long> more, CancellationToken cancellation)
    {
        Dictionary<string, long> sizes = new(given, StringComparer.Ordinal);
        foreach ((string name, long size) in more)
            sizes[name] = size;
        FreeDimensionTable free = new(model, sizes, path);
        try
        {
            new GraphInference(model, path, cancellation).Infer(
                model.Graph, model.Graph.Input.ToDictionary(i => i.Name, i => ValueFact.Declared(free.Apply(i)), StringComparer.Ordinal),
                new Dictionary<string, TensorProto>(StringComparer.Ordinal));
            return true;
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    private static SerenityException Unknown(
        ModelProto model, string value, IReadOnlyDictionary<string, long> sizes, FreeDimensionTable free, string path, CancellationToken cancellation)
    {
        if (free.Unset.Count > 0)
            return Open(value, free, FreeDimensionProposal.Of(free, more => Takes(model, path, sizes, more, cancellation)), path);
        GraphProto graph = model.Graph;
        if (graph.Input.FirstOrDefault(i => i.Name == value) is not null)
        {
            return new SerenityException(
                SerenityCodes.UnknownSize, path, $"The size of input '{value}' is not known, because the model states no shape for it. Export the model with the shapes of its inputs.");
        }
        NodeProto node = graph.Node.First(n => n.Output.Contains(value));
        return new SerenityException(
            SerenityCodes.UnknownSize, path,
            $"The size of value '{value}' is not known: {GraphCheck.Describe(node)} makes it as large as the data asks for, so no fixed amount of memory can be planned. "
            + "Cut this part off the model, or replace it by an operator with a fixed output size.");
    }

    private static void CheckSize(string name, TensorType type, string path)
    {
        long bytes;
        try
        {
            bytes = type.Bytes;
        }
        catch (OverflowException)
        {
            bytes = long.MaxValue;
        }
        catch (NotSupportedException)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, path, $"The size of value '{name}' is not known: its element type {(int)type.ElementType} is not supported.");
        }
        if (bytes > LargestValue)
            throw new SerenityException(SerenityCodes.UnknownSize, path, $"Value '{name}' has the shape [{string.Join(",", type.Dims)}], more than 4 TiB, which cannot be planned. Check FreeDimensions and the model's shapes.");
    }

    // Whose fault is it: ours for asking, the sizes', or the model's?
    private static SerenityException Refused(ModelProto model, string path, bool sized, OnnxRuntimeException refusal)
    {
        try
        {
            using SessionOptions options = ShapeSession.Options(Path.GetDirectoryName(path)!);
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
            using InferenceSession session = new(ModelFile.ToBytes(model, path), options);
        }
        catch (OnnxRuntimeException e)
        {
            return new SerenityException(SerenityCodes.RuntimeRefuses, path, $"ONNX Runtime cannot load the model: {RuntimeMessage.Plain(e)}", e);
        }
        return sized
            ? new SerenityException(SerenityCodes.BadFreeDimension, path, $"The model does not work with the sizes in FreeDimensions: {RuntimeMessage.Plain(refusal)}", refusal)
            : new SerenityException(SerenityCodes.UnknownSize, path, $"ONNX Runtime loads the model, but cannot tell the sizes of its values: {RuntimeMessage.Plain(refusal)}", refusal);
    }
}
