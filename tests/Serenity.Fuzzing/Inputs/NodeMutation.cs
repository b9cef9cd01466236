using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.AttributeProto.Types;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes nodes and what they are joined by.</summary>
/// <param name="corpus">Where parts of other models come from.</param>
/// <param name="random">Chooses.</param>
/// <param name="pick">Finds places in the graph.</param>
/// <param name="tensors">For attributes that are tensors.</param>
internal sealed class NodeMutation(Corpus corpus, TestRandom random, GraphPicker pick, TensorMutation tensors)
{
    public void Rewire(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { } node)
            return;
        string value = pick.AnyValue(graph);
        if (node.Input.Count == 0 || random.Chance(0.1))
            node.Input.Add(value);
        else if (random.Chance(0.1))
            node.Input.RemoveAt(random.Next(node.Input.Count));
        else
            node.Input[random.Next(node.Input.Count)] = value;
    }

    public void RemoveNode(GraphProto graph)
    {
        if (graph.Node.Count == 0)
            return;
        NodeProto node = graph.Node[random.Next(graph.Node.Count)];
        graph.Node.Remove(node);
        // Its readers get another value, so that what is left may still be a graph.
        if (node.Output.Count == 0 || !random.Chance(0.7))
            return;
        string other = pick.AnyValue(graph);
        foreach (NodeProto reader in graph.Node)
        {
            for (int i = 0; i < reader.Input.Count; i++)
            {
                if (node.Output.Contains(reader.Input[i]))
                    reader.Input[i] = other;
            }
        }
    }

    public void DuplicateNode(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { } node)
            return;
        NodeProto copy = node.Clone();
        if (random.Chance(0.9))
        {
            for (int i = 0; i < copy.Output.Count; i++)
                copy.Output[i] = copy.Output[i].Length == 0 ? "" : pick.Fresh();
        }
        graph.Node.Insert(random.Next(graph.Node.Count + 1), copy);
        if (random.Chance(0.5) && copy.Output.Count > 0 && pick.AnyNode(graph) is { Input.Count: > 0 } reader)
            reader.Input[random.Next(reader.Input.Count)] = copy.Output[0];
    }

    public void ChangeOperator(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { } node)
            return;
        node.OpType = random.Pick(corpus.OperatorTypes);
        if (random.Chance(0.1))
            node.Domain = random.Pick(["com.microsoft", "ai.onnx.ml", "own", "", "ai.onnx", "com.microsoft.nchwc"]);
        if (random.Chance(0.3))
            node.Attribute.Clear();
    }

    public void ChangeAttribute(GraphProto graph)
    {
        if (pick.AnyNode(graph) is not { } node)
            return;
        if (node.Attribute.Count == 0 || random.Chance(0.2))
        {
            node.Attribute.Add((AttributeProto)corpus.Part(AttributeProto.Descriptor, random)!);
            return;
        }
        AttributeProto attribute = random.Pick(node.Attribute);
        switch (attribute.Type)
        {
            case AttributeType.Int:
                attribute.I = StrangeValues.Number(random);
                break;
            case AttributeType.Float:
                attribute.F = (float)StrangeValues.Real(random);
                break;
            case AttributeType.String:
                attribute.S = ByteString.CopyFromUtf8(random.Chance(0.5) ? random.Pick(["SAME_UPPER", "VALID", "NOTSET", "linear", "cubic", "reverse", "ij,jk->ik"]) : StrangeValues.Text(random));
                break;
            case AttributeType.Ints when attribute.Ints.Count > 0 && random.Chance(0.8):
                attribute.Ints[random.Next(attribute.Ints.Count)] = StrangeValues.Number(random);
                break;
            case AttributeType.Ints:
                attribute.Ints.Add(StrangeValues.Number(random));
                break;
            case AttributeType.Tensor when attribute.T is { } tensor:
                tensors.Reshape(tensor);
                break;
            default:
                attribute.Type = (AttributeType)random.Next(15);
                break;
        }
    }

    public void MoveNode(GraphProto graph)
    {
        if (graph.Node.Count < 2)
            return;
        for (int moves = random.Chance(0.3) ? graph.Node.Count : 1; moves > 0; moves--)
        {
            NodeProto node = graph.Node[random.Next(graph.Node.Count)];
            graph.Node.Remove(node);
            graph.Node.Insert(random.Next(graph.Node.Count + 1), node);
        }
    }

    /// <summary>Nodes of another model, with what they read where it is a weight, and values of this graph where it is not.</summary>
    public void Graft(GraphProto graph)
    {
        GraphProto donor = corpus.Graph(random);
        if (donor.Node.Count == 0)
            return;
        int first = random.Next(donor.Node.Count), count = Math.Min(random.Next(1, 5), donor.Node.Count - first);
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        string? last = null;
        for (int i = first; i < first + count; i++)
        {
            NodeProto node = donor.Node[i].Clone();
            for (int input = 0; input < node.Input.Count; input++)
            {
                string read = node.Input[input];
                if (read.Length == 0)
                    continue;
                if (!names.TryGetValue(read, out string? name))
                {
                    TensorProto? weight = donor.Initializer.FirstOrDefault(t => t.Name == read);
                    name = weight is null ? pick.AnyValue(graph) : pick.Fresh();
                    names.Add(read, name);
                    if (weight is not null && weight.CalculateSize() < 64 << 10)
                        graph.Initializer.Add(new TensorProto(weight) { Name = name });
                }
                node.Input[input] = name;
            }
            for (int output = 0; output < node.Output.Count; output++)
            {
                if (node.Output[output].Length > 0)
                    node.Output[output] = names[node.Output[output]] = last = pick.Fresh();
            }
            graph.Node.Add(node);
        }
        if (last is null)
            return;
        if (random.Chance(0.5))
            graph.Output.Add(new ValueInfoProto { Name = last });
        else if (pick.AnyNode(graph) is { Input.Count: > 0 } reader)
            reader.Input[random.Next(reader.Input.Count)] = last;
    }

    /// <summary>Another name for a value or node, wherever it stands in the graph.</summary>
    public void Rename(GraphProto graph)
    {
        string old = pick.AnyValue(graph), name = StrangeValues.Text(random);
        if (random.Chance(0.3) && pick.AnyNode(graph) is { } named)
            named.Name = name;
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = node.Input[i] == old ? name : node.Input[i];
            for (int i = 0; i < node.Output.Count; i++)
                node.Output[i] = node.Output[i] == old ? name : node.Output[i];
        }
        foreach (ValueInfoProto value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            value.Name = value.Name == old ? name : value.Name;
        foreach (TensorProto tensor in graph.Initializer)
            tensor.Name = tensor.Name == old ? name : tensor.Name;
    }

    public void ChangeOutputs(GraphProto graph)
    {
        if (graph.Output.Count > 0 && random.Chance(0.3))
            graph.Output.RemoveAt(random.Next(graph.Output.Count));
        else
            graph.Output.Add(new ValueInfoProto { Name = pick.AnyValue(graph), Type = random.Chance(0.5) ? null : (TypeProto?)corpus.Part(TypeProto.Descriptor, random) });
    }
}
