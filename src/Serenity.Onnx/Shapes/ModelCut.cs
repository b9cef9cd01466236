using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>A piece of a model: from some of its values to others, and what lies between.</summary>
internal static class ModelCut
{
    /// <summary>Cuts a model.</summary>
    /// <param name="file">The model; not changed.</param>
    /// <param name="inputs">Values that are given from outside instead of computed; what only they were for goes. None to keep the model's inputs.</param>
    /// <param name="outputs">The values wanted. None to keep the model's outputs.</param>
    /// <returns>The model itself where neither is given.</returns>
    /// <exception cref="SerenityException">SER1304: a name is no value of the main graph, or none of the inputs leads to the outputs.</exception>
    public static LoadedModel Apply(LoadedModel file, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        if (inputs.Count == 0 && outputs.Count == 0)
            return file;
        GraphProto source = file.Model.Graph;
        Dictionary<string, NodeProto> producer = new(StringComparer.Ordinal);
        foreach (NodeProto node in source.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                producer.TryAdd(output, node);
        }
        HashSet<string> given = new(source.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach ((string option, string name) in inputs.Select(n => ("Inputs", n)).Concat(outputs.Select(n => ("Outputs", n))))
        {
            if (!producer.ContainsKey(name) && !(option == "Inputs" && given.Contains(name)))
                throw NoValue(file.Path, option, name, producer.Keys);
        }
        string[] wanted = outputs.Count > 0 ? [.. outputs.Distinct(StringComparer.Ordinal)] : [.. source.Output.Select(o => o.Name)];
        HashSet<string> cut = new(inputs, StringComparer.Ordinal);
        (HashSet<NodeProto> kept, HashSet<string> read) = Needed(producer, wanted, cut);
        if (inputs.FirstOrDefault(i => !read.Contains(i) && !wanted.Contains(i)) is { } useless)
            throw new SerenityException(SerenityCodes.BadCut, file.Path, $"Inputs names '{useless}', which nothing between it and the outputs reads. Remove it.");

        ModelProto result = ModelCopy.Header(file.Model);
        GraphProto graph = result.Graph;
        graph.Node.AddRange(source.Node.Where(kept.Contains));
        graph.Input.Clear();
        graph.Input.AddRange(source.Input.Where(i => read.Contains(i.Name) || (cut.Count == 0 && wanted.Contains(i.Name))));
        foreach (string name in inputs.Distinct(StringComparer.Ordinal).Where(n => !given.Contains(n)))
            graph.Input.Add(TypeOf(file, name));
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in source.Output.Concat(source.ValueInfo))
            stated.TryAdd(value.Name, value);
        graph.Output.Clear();
        graph.Output.AddRange(wanted.Select(name => stated.TryGetValue(name, out ValueInfoProto? value) ? value.Clone() : new ValueInfoProto { Name = name }));
        graph.Initializer.AddRange(source.Initializer.Where(t => read.Contains(t.Name)));
        ValueInfoProto[] values = [.. source.ValueInfo.Where(v => (read.Contains(v.Name) || wanted.Contains(v.Name)) && !cut.Contains(v.Name))];
        graph.ValueInfo.AddRange(values);
        graph.QuantizationAnnotation.AddRange(source.QuantizationAnnotation.Where(a => read.Contains(a.TensorName)));
        graph.SparseInitializer.Keep(t => read.Contains(t.Values.Name));
        return file with { Model = result };
    }

    /// <summary>A model whose outputs all have a type, as ONNX asks of a file: that of one which the file does not state is ONNX Runtime's. As it was where that does not know it either.</summary>
    /// <param name="file">The model; not changed.</param>
    public static LoadedModel WithOutputTypes(LoadedModel file)
    {
        ArgumentNullException.ThrowIfNull(file);
        string[] open = [.. file.Model.Graph.Output.Where(o => o.Type is null or { ValueCase: TypeProto.ValueOneofCase.None } or { TensorType.ElemType: 0 }).Select(o => o.Name)];
        if (open.Length == 0)
            return file;
        Dictionary<string, TypeProto> types;
        try
        {
            types = Asked(file, open);
        }
        catch (Exception e) when (e is Microsoft.ML.OnnxRuntime.OnnxRuntimeException or SerenityException { Code: SerenityCodes.RuntimeMissing })
        {
            return file;
        }
        // Protobuf's byte strings never change, so a clone shares the weights.
        ModelProto typed = file.Model.Clone();
        foreach (ValueInfoProto output in typed.Graph.Output)
        {
            if (types.TryGetValue(output.Name, out TypeProto? type) && type.ValueCase != TypeProto.ValueOneofCase.OpaqueType)
                output.Type = type;
        }
        return file with { Model = typed };
    }

    /// <summary>A model without the nodes that lead to no output of it; its inputs and outputs stay. Null where every node leads to one, or there is no output.</summary>
    /// <param name="file">The model; not changed.</param>
    /// <param name="unread">Names of the nodes that are left out, in the order of the file, as <see cref="UniqueNames"/> gives them.</param>
    public static LoadedModel? WithoutUnread(LoadedModel file, out IReadOnlyList<string> unread)
    {
        ArgumentNullException.ThrowIfNull(file);
        unread = [];
        if (file.Model.Graph.Output.Count == 0)
            return null;
        (HashSet<NodeProto> kept, HashSet<string> read) = Needed(file.Model.Graph);
        if (kept.Count == file.Model.Graph.Node.Count || kept.Count == 0)
            return null;
        // Names are given before anything goes, so that those that stay are called what they are called in the whole.
        ModelProto result = file.Model.Clone();
        UniqueNames.Assign(result);
        GraphProto graph = result.Graph;
        // The copy has them in the same places.
        NodeProto[] gone = [.. graph.Node.Where((_, place) => !kept.Contains(file.Model.Graph.Node[place]))];
        unread = [.. gone.Select(node => node.Name)];
        HashSet<NodeProto> goes = new(gone, (IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        HashSet<string> outputs = new(graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        graph.Node.Keep(node => !goes.Contains(node));
        UnreadConstants.Drop(graph, new HashSet<string>(graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values.Name)), StringComparer.Ordinal));
        graph.ValueInfo.Keep(v => read.Contains(v.Name) || outputs.Contains(v.Name));
        graph.QuantizationAnnotation.Keep(a => read.Contains(a.TensorName) || outputs.Contains(a.TensorName));
        return file with { Model = result };
    }

    private static (HashSet<NodeProto> Nodes, HashSet<string> Read) Needed(GraphProto graph)
    {
        Dictionary<string, NodeProto> producer = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                producer.TryAdd(output, node);
        }
        return Needed(producer, [.. graph.Output.Select(o => o.Name)], []);
    }

    private static (HashSet<NodeProto> Nodes, HashSet<string> Read) Needed(Dictionary<string, NodeProto> producer, string[] wanted, HashSet<string> cut)
    {
        HashSet<NodeProto> kept = new((IEqualityComparer<NodeProto>)ReferenceEqualityComparer.Instance);
        HashSet<string> read = new(StringComparer.Ordinal);
        Stack<string> open = new(wanted);
        while (open.TryPop(out string? name))
        {
            if (cut.Contains(name) || !producer.TryGetValue(name, out NodeProto? node) || !kept.Add(node))
                continue;
            foreach (string input in node.Input.Concat(SubgraphCaptures.Of(node)).Where(i => i.Length > 0))
            {
                if (read.Add(input))
                    open.Push(input);
            }
        }
        return (kept, read);
    }

    /// <summary>Type of a value, as far as the file states or ONNX Runtime infers it; what is open stays open.</summary>
    private static ValueInfoProto TypeOf(LoadedModel file, string name)
    {
        if (file.Model.Graph.ValueInfo.FirstOrDefault(v => v.Name == name) is { Type.TensorType.Shape: not null } stated)
            return stated.Clone();
        try
        {
            return new ValueInfoProto { Name = name, Type = Asked(file, [name])[name] };
        }
        catch (Microsoft.ML.OnnxRuntime.OnnxRuntimeException e)
        {
            throw new SerenityException(SerenityCodes.BadCut, file.Path, $"Inputs names '{name}', of which neither the file nor ONNX Runtime tells the type.", e);
        }
    }

    private static Dictionary<string, TypeProto> Asked(LoadedModel file, string[] names)
    {
        GraphProto graph = file.Model.Graph;
        Dictionary<string, ValueFact> given = graph.Input.ToDictionary(i => i.Name, i => ValueFact.Declared(i.Type?.Clone() ?? new TypeProto()), StringComparer.Ordinal);
        byte[] probe = new ProbeModel(file.Model, file.Path, keepWeights: false).Build(graph, given, new Dictionary<string, TensorProto>(StringComparer.Ordinal), new HashSet<NodeProto>(), names);
        return ShapeSession.Ask(probe, file.Folder);
    }

    private static SerenityException NoValue(string path, string option, string name, IReadOnlyCollection<string> values)
    {
        string[] near = [.. values.Where(v => v.Contains(name, StringComparison.OrdinalIgnoreCase) || name.Contains(v, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Take(6).Select(v => $"'{v}'")];
        return new SerenityException(SerenityCodes.BadCut, path,
            $"{option} names '{name}', which is no value that a node of the model's graph makes; upper and lower case count."
            + (near.Length > 0 ? $" Values with a like name: {string.Join(", ", near)}." : NearestName.Question(name, values)));
    }
}
