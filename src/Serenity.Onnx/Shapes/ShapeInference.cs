using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes.Symbolic;

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
        ModelProto model, string path, IReadOnlyDictionary<string, long> freeDimensions, CancellationToken cancellation = default) =>
        Run(model, path, freeDimensions, null, null, cancellation);

    /// <summary>Infers all types and shapes.</summary>
    /// <param name="model">See the other one.</param>
    /// <param name="path">See the other one.</param>
    /// <param name="freeDimensions">See the other one.</param>
    /// <param name="bounds">For values whose size depends on data: the most elements along each dimension that is not known, or all dimensions; by name; null for none.</param>
    /// <param name="known">Shapes of the model that this one was made from, for values of the same names; null for none.</param>
    /// <param name="cancellation">Ends the work between two questions to ONNX Runtime.</param>
    /// <exception cref="SerenityException">As the other one.</exception>
    internal static ModelShapes Run(
        ModelProto model, string path, IReadOnlyDictionary<string, long> freeDimensions, IReadOnlyDictionary<string, long[]>? bounds, ShapeTable? known,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        FreeDimensionTable free = new(model, freeDimensions, path);
        if (freeDimensions.FirstOrDefault(d => d.Value > int.MaxValue) is { Key: { } dimension, Value: var most })
        {
            throw new SerenityException(
                SerenityCodes.BadFreeDimension, path, string.Create(CultureInfo.InvariantCulture, $"{ModelSetting.FreeDimensions} lets '{dimension}' be {most}, and no dimension can have more than {int.MaxValue} elements. Give a smaller size."));
        }
        // ONNX Runtime's managed package tells sizes as 32 bits, and cuts larger ones to that without a word.
        foreach (ValueInfoProto value in model.Graph.Input.Concat(model.Graph.Output).Concat(model.Graph.ValueInfo))
        {
            if (value.Type?.TensorType?.Shape?.Dim.Any(d => d.DimValue > int.MaxValue) == true)
                throw TooLong(path, $"'{value.Name}'", null);
        }
        if (!NativeRuntime.IsAvailable)
            return Declared(model, free, path);
        SizeAssumptions assumptions = new(model, free, bounds, known);
        GraphInference inference = new(model, path, assumptions, cancellation);
        Dictionary<string, ValueFact> facts;
        try
        {
            facts = Facts(inference, model, free);
        }
        catch (OnnxRuntimeException refusal)
        {
            bool byBounds = assumptions.Made.Values.Any(made => made.Origin == SizeOrigin.Stated) && !IsRefused(model, path, free, known, cancellation);
            throw Refused(model, path, byBounds ? SerenityCodes.BoundExceeded : freeDimensions.Count > 0 ? SerenityCodes.BadFreeDimension : SerenityCodes.UnknownSize, refusal);
        }
        catch (OverflowException e)
        {
            throw TooLong(path, "A value of the model", e);
        }
        if (FirstUnknown(model.Graph, facts) is { } unknown)
            throw Unknown(model, unknown, freeDimensions, free, facts, path, cancellation);
        foreach (NodeProto node in model.Graph.Node)
        {
            if (DefinedSizes.WrongByInference(node, name => facts.GetValueOrDefault(name)?.Type?.Dims) is { } wrong)
                throw new SerenityException(SerenityCodes.UnknownSize, path, wrong);
        }
        foreach (string name in bounds?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
        {
            if (known is null && !(assumptions.Made.TryGetValue(name, out SizeAssumption? made) && made.Origin == SizeOrigin.Stated))
                throw NoBound(name, assumptions, path);
        }
        Dictionary<string, bool[]> varies = Varying(model, free, assumptions, facts, path, cancellation);
        ShapeTable main = Table(facts) with { Bodies = inference.Subgraphs, Varies = varies };
        return Checked(new ModelShapes(main, inference.Subgraphs, inference.Unknown) { RefusedSubgraphs = inference.Refused, Assumed = assumptions.Made }, path);
    }

    private static SerenityException TooLong(string path, string value, Exception? cause)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"{value} has a dimension of more than {int.MaxValue} elements, which cannot be planned.");
        return new(SerenityCodes.UnknownSize, path, what + " Export the model with a smaller size, or with more dimensions.", cause);
    }

    private static SerenityException NoBound(string name, SizeAssumptions assumptions, string path)
    {
        string[] some = [.. assumptions.Made.Where(a => a.Value.Others.Count > 0).Select(a => $"'{a.Key}'").Order(StringComparer.Ordinal).Take(12)];
        return new SerenityException(SerenityCodes.BoundExceeded, path,
            $"Bounds states a size of '{name}', which is no value whose size depends on data. " + (some.Length == 0 ? "Remove it: the model has none." : $"These are: {string.Join(", ", some)}."));
    }

    private static Dictionary<string, ValueFact> Facts(GraphInference inference, ModelProto model, FreeDimensionTable free)
    {
        Dictionary<string, ValueFact> given = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in model.Graph.Input)
            given[input.Name] = ValueFact.Declared(free.Apply(input));
        return inference.Infer(model.Graph, given, new Dictionary<string, TensorProto>(StringComparer.Ordinal));
    }

    /// <summary>
    /// Which values vary with what was assumed: the model is looked at again with other sizes. A size that is the same each time does not depend on data. One that
    /// is larger with less data, as what remains of a whole, counts with that.
    /// </summary>
    private static Dictionary<string, bool[]> Varying(
        ModelProto model, FreeDimensionTable free, SizeAssumptions assumptions, Dictionary<string, ValueFact> facts, string path, CancellationToken cancellation)
    {
        Dictionary<string, bool[]> varies = new(StringComparer.Ordinal);
        int variants = assumptions.Made.Values.Select(a => a.Others.Count).DefaultIfEmpty(0).Max();
        bool looked = false;
        for (int variant = 1; variant <= variants; variant++)
        {
            assumptions.Variant = variant;
            Dictionary<string, ValueFact> other;
            try
            {
                other = Facts(new GraphInference(model, path, assumptions, cancellation), model, free);
            }
            catch (OnnxRuntimeException)
            {
                // No run has these sizes together.
                continue;
            }
            looked = true;
            foreach ((string name, ValueFact fact) in other)
            {
                if (facts.GetValueOrDefault(name)?.Type is not { } most || fact.Type is not { } type)
                    continue;
                if (most.Dims.Length != type.Dims.Length)
                    varies[name] = Array.ConvertAll(most.Dims, _ => true);
                else if (!most.Equals(type))
                    Merge(name, most, type);
            }
        }
        assumptions.Variant = 0;
        if (variants > 0 && !looked)
            Behind(model.Graph, assumptions, facts, varies);
        return varies;

        void Merge(string name, TensorType most, TensorType type)
        {
            if (!varies.TryGetValue(name, out bool[]? dims))
                varies.Add(name, dims = new bool[most.Dims.Length]);
            long[] larger = [.. most.Dims];
            for (int i = 0; i < dims.Length; i++)
            {
                dims[i] |= most.Dims[i] != type.Dims[i];
                larger[i] = Math.Max(larger[i], type.Dims[i]);
            }
            facts[name] = ValueFact.Tensor(most.ElementType, larger);
        }
    }

    /// <summary>All that is computed from what was assumed.</summary>
    private static void Behind(GraphProto graph, SizeAssumptions assumptions, Dictionary<string, ValueFact> facts, Dictionary<string, bool[]> varies)
    {
        foreach ((string name, SizeAssumption assumed) in assumptions.Made)
        {
            if (assumed.Others.Count > 0)
                varies[name] = Array.ConvertAll(assumed.Most.Dims, _ => true);
        }
        foreach (int position in TopologicalOrder.Of(new GraphView(graph)))
        {
            NodeProto node = graph.Node[position];
            if (!node.Input.Concat(SubgraphCaptures.Of(node)).Any(varies.ContainsKey))
                continue;
            foreach (string output in node.Output)
            {
                if (facts.GetValueOrDefault(output)?.Type is { } type)
                    varies[output] = Array.ConvertAll(type.Dims, _ => true);
            }
        }
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
        foreach (ShapeTable table in shapes.Subgraphs.Values.Prepend(shapes.Main))
        {
            foreach ((string name, TensorType type) in table.Types)
                CheckSize(name, type, path);
        }
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
        + $"Give their sizes in the SerenityModel item, for example {ModelSetting.FreeDimensions.Of(FreeDimensionProposal.Text(proposal))}. The written model then accepts exactly these sizes;"
        + $" with a range, as in {free.Unset[0]}=1..{Math.Max(64, proposal.FirstOrDefault(p => p.Key == free.Unset[0]).Value)}, it accepts all of them.");

    /// <summary>True if ONNX Runtime takes the model with sizes: what is proposed should not be refused when it is tried.</summary>
    internal static bool Takes(ModelProto model, string path, IReadOnlyDictionary<string, long> given, IReadOnlyDictionary<string, long> more, CancellationToken cancellation)
    {
        Dictionary<string, long> sizes = new(given, StringComparer.Ordinal);
        foreach ((string name, long size) in more)
            sizes[name] = size;
        FreeDimensionTable free = new(model, sizes, path);
        try
        {
            Facts(new GraphInference(model, path, null, cancellation), model, free);
            return true;
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    private static SerenityException Unknown(
        ModelProto model, string value, IReadOnlyDictionary<string, long> sizes, FreeDimensionTable free, IReadOnlyDictionary<string, ValueFact> facts, string path,
        CancellationToken cancellation)
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
        if (WindowFit.Obstacle(node, name => facts.GetValueOrDefault(name)?.Type?.Dims) is { } obstacle)
        {
            return sizes.Count > 0
                ? new SerenityException(SerenityCodes.BadFreeDimension, path, $"The model does not work with the sizes in {ModelSetting.FreeDimensions}: {obstacle} Give larger sizes.", new WindowException(obstacle))
                : new SerenityException(SerenityCodes.UnknownSize, path, $"Value '{value}' has no size: {obstacle} Export the model with a larger input.");
        }
        if (ProbedShapes.Refusal(model, node, facts) is { } refusal)
        {
            return new SerenityException(
                SerenityCodes.UnknownSize, path, $"Value '{value}' has no size, because ONNX Runtime does not run {GraphCheck.Describe(node)}: {refusal} Export the model again, or mend the node.");
        }
        (IReadOnlyList<string> missing, IReadOnlyList<string> before) = StandInTheWay(model, value, free, path, cancellation);
        string others = missing.Count > 1 ? $" So are {string.Join(", ", missing.Skip(1).Take(12).Select(m => $"'{m}'"))}{(missing.Count > 13 ? " and others" : "")}." : "";
        MessageText cut = new();
        if (before.Count > 0)
            cut.Append($" Or cut this part off the model: {ModelSetting.Outputs.Of(NameList.Join(before))}.");
        return new SerenityException(
            SerenityCodes.UnknownSize, path,
            $"The size of value '{value}' is not known: {GraphCheck.Describe(node)} makes it as large as the data asks for.{others} State the most that any run gives,"
            + $" for example {ModelSetting.Bounds.Of(NameList.Join(missing.Select(m => $"{m}={SizeAssumptions.SomeElements}")))} on the item.{cut}");
    }

    /// <summary>All values of the main graph that no size is known for, as if one were known for each before it; and the last values before the first of them.</summary>
    private static (IReadOnlyList<string> Missing, IReadOnlyList<string> Before) StandInTheWay(
        ModelProto model, string first, FreeDimensionTable free, string path, CancellationToken cancellation)
    {
        SizeAssumptions assumptions = new(model, free, null, null) { Missing = [] };
        try
        {
            Facts(new GraphInference(model, path, assumptions, cancellation), model, free);
        }
        catch (OnnxRuntimeException)
        {
            // The sizes made up do not go together; those found so far stand in the way all the same.
        }
        HashSet<string> behind = [first, .. assumptions.Missing];
        HashSet<string> made = new(StringComparer.Ordinal), before = new(StringComparer.Ordinal);
        foreach (int position in TopologicalOrder.Of(new GraphView(model.Graph)))
        {
            NodeProto node = model.Graph.Node[position];
            string[] read = [.. node.Input.Concat(SubgraphCaptures.Of(node))];
            if (read.Any(behind.Contains) || node.Output.Any(behind.Contains))
            {
                behind.UnionWith(node.Output);
                before.UnionWith(read.Where(made.Contains));
            }
            else if (!ConstantNode.Is(node))
            {
                made.UnionWith(node.Output);
            }
        }
        before.UnionWith(model.Graph.Output.Select(o => o.Name).Where(made.Contains));
        before.ExceptWith(behind);
        return (assumptions.Missing.Count == 0 ? [first] : [.. assumptions.Missing.Distinct()], [.. before.Where(b => b.Length > 0).Order(StringComparer.Ordinal).Take(12)]);
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
        if (type.Dims.Any(dim => dim > int.MaxValue))
            throw TooLong(path, $"Value '{name}'", null);
        if (bytes > LargestValue)
            throw new SerenityException(SerenityCodes.UnknownSize, path, $"Value '{name}' has the shape [{string.Join(",", type.Dims)}], more than 4 TiB, which cannot be planned. Check {ModelSetting.FreeDimensions} and the model's shapes.");
    }

    // Without the sizes that were stated for what depends on data.
    private static bool IsRefused(ModelProto model, string path, FreeDimensionTable free, ShapeTable? known, CancellationToken cancellation)
    {
        try
        {
            Facts(new GraphInference(model, path, new SizeAssumptions(model, free, null, known), cancellation), model, free);
            return false;
        }
        catch (OnnxRuntimeException)
        {
            return true;
        }
    }

    // Whose fault is it: ours for asking, the sizes', or the model's?
    private static SerenityException Refused(ModelProto model, string path, string code, OnnxRuntimeException refusal)
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
        return code switch
        {
            SerenityCodes.BoundExceeded => new SerenityException(code, path, $"The model does not work with the sizes in {ModelSetting.Bounds}: {RuntimeMessage.Plain(refusal)}", refusal),
            SerenityCodes.BadFreeDimension => new SerenityException(code, path, $"The model does not work with the sizes in {ModelSetting.FreeDimensions}: {RuntimeMessage.Plain(refusal)}", refusal),
            _ => new SerenityException(code, path, $"ONNX Runtime loads the model, but cannot tell the sizes of its values: {RuntimeMessage.Plain(refusal)}", refusal),
        };
    }
}
