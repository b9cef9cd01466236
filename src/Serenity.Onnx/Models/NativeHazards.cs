using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// What native ONNX Runtime does not refuse but dies or loops on, or hands out memory for that nobody has written to. A process cannot guard itself against that, so it is looked for before
/// the model is given to it. Each was seen (<see cref="Contract.RuntimeRules.NativeHazards"/>); what is not known yet is for a process of its own to survive
/// (<see cref="Isolation.OptimizerHost"/>).
/// </summary>
internal static class NativeHazards
{
    /// <summary>
    /// Dimensions of a value, at most. Where a shape is read from a value, that value's length is the number of dimensions of the result, and shape inference
    /// makes them one by one: a length of 2^40 fills any memory. Tensors in use have fewer than ten dimensions.
    /// </summary>
    public const int MostDimensions = 1024;

    /// <summary>Refuses a model that would end the process or fill its memory.</summary>
    /// <exception cref="SerenityException">SER1203.</exception>
    public static void Check(ModelProto model, string? path)
    {
        CheckGraph(model.Graph, new Dictionary<string, long>(StringComparer.Ordinal), path);
        foreach (FunctionProto function in model.Functions)
        {
            foreach (NodeProto node in function.Node)
                CheckNode(node, new Dictionary<string, long>(StringComparer.Ordinal), path);
        }
    }

    /// <summary>
    /// True for a form that sometimes crashes ONNX Runtime while it folds constants, with no rule known that would tell when: an If within an If, with an If, Loop or Scan in it.
    /// Such a model is worked on in a process of its own.
    /// </summary>
    public static bool MayCrash(ModelProto model)
    {
        return Deep(model.Graph.Node, 0) || model.Functions.Any(f => Deep(f.Node, 0));

        static bool Deep(IEnumerable<NodeProto> nodes, int ifs)
        {
            foreach (NodeProto node in nodes)
            {
                foreach (GraphProto graph in SubgraphCaptures.SubgraphsOf(node))
                {
                    if (ifs >= 2 || Deep(graph.Node, ifs + (node.Kind() == OperatorKind.Branch ? 1 : 0)))
                        return true;
                }
            }
            return false;
        }
    }

    // lengths: the largest dimension that the file states for each value of the graphs around; those of this graph are taken back, since a copy for each graph would take time by its square.
    private static void CheckGraph(GraphProto graph, Dictionary<string, long> lengths, string? path)
    {
        List<(string Name, long? Before)> stated = [];
        foreach (ValueInfoProto value in graph.Input.Concat(graph.ValueInfo).Concat(graph.Output))
        {
            if (value.Type?.TensorType?.Shape is not { } shape)
                continue;
            stated.Add((value.Name, lengths.TryGetValue(value.Name, out long before) ? before : null));
            lengths[value.Name] = shape.Dim.Select(d => d.DimValue).DefaultIfEmpty().Max();
        }
        foreach (NodeProto node in graph.Node)
            CheckNode(node, lengths, path);
        for (int i = stated.Count - 1; i >= 0; i--)
        {
            if (stated[i].Before is { } outer)
                lengths[stated[i].Name] = outer;
            else
                lengths.Remove(stated[i].Name);
        }
    }

    private static void CheckNode(NodeProto node, Dictionary<string, long> lengths, string? path)
    {
        if (node.Domain is "" or "ai.onnx")
        {
            switch (node.OpType)
            {
                // The C++ library's distributions end the process on these.
                case "RandomUniform" or "RandomUniformLike" when Number(node, "low", 0) is { } low && Number(node, "high", 1) is { } high && !(low <= high):
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"draws numbers from {low} to {high}, which is no range"));
                case "RandomNormal" or "RandomNormalLike" when Number(node, "scale", 1) is { } scale && !(scale > 0):
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"draws numbers with a standard deviation of {scale}, which is not above 0"));
                // 1 trains, anything else does not, and then nothing writes the outputs of training.
                case "BatchNormalization" when node.Output.Skip(1).Any(o => o.Length > 0) && node.Attribute.FirstOrDefault(a => a.Name == "training_mode") is { HasI: true, I: not (0 or 1) } mode:
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"has the training_mode {mode.I}, which can be 0 or 1"));
                case "Scan" when node.Attribute.FirstOrDefault(a => a.Name == "num_scan_inputs") is { HasI: true } scans && (scans.I < 0 || scans.I > node.Input.Count):
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"states {scans.I} scan inputs and has {node.Input.Count} inputs"));
                // A list of inputs, or of outputs, has no optional members. These kernels look at each of them all the same, where others count them, or ONNX Runtime does.
                case "Einsum" or "Max" or "Mean" or "Min" or "Sum" when node.Input.IndexOf("") is >= 0 and int at:
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"has no name at place {at + 1} of its {node.Input.Count} inputs, of which none is optional"));
                case "Split" when node.Output.IndexOf("") is >= 0 and int at:
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"has no name at place {at + 1} of its {node.Output.Count} outputs, of which none is optional"));
                // Shape inference steps over letters and one ellipsis in each term of the left side, and stands still at anything else.
                case "Einsum" when node.Attribute.FirstOrDefault(a => a.Name == "equation") is { HasS: true } equation && Stray(equation.S.ToStringUtf8()) is { } stray:
                    throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"has an equation with U+{(int)stray:X4} among the letters that name axes; only letters can, and '...' once in each term"));
            }
            int sizes = OperatorTable.Of(node).Roles.PositionOf(InputRole.Sizes);
            if (sizes >= 0 && sizes < node.Input.Count && lengths.GetValueOrDefault(node.Input[sizes]) is var length && length > MostDimensions)
                throw Invalid(node, path, string.Create(CultureInfo.InvariantCulture, $"reads a shape of {length} dimensions from '{node.Input[sizes]}', more than the {MostDimensions} that are supported"));
        }
        foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
            CheckGraph(inner, lengths, path);
    }

    /// <summary>The first character of an equation's left side that is no letter, nor of the one ellipsis that each of its terms may have; null if there is none.</summary>
    private static char? Stray(string equation)
    {
        foreach (string operand in equation.Replace(" ", "", StringComparison.Ordinal).Split("->")[0].Split(','))
        {
            int ellipsis = operand.IndexOf("...", StringComparison.Ordinal);
            foreach (char c in ellipsis < 0 ? operand : operand.Remove(ellipsis, 3))
            {
                if (!char.IsAsciiLetter(c))
                    return c;
            }
        }
        return null;
    }

    /// <summary>A number that the node states, or the default; null where a function's caller states it.</summary>
    private static float? Number(NodeProto node, string name, float otherwise)
    {
        AttributeProto? attribute = node.Attribute.FirstOrDefault(a => a.Name == name);
        return attribute is null ? otherwise : attribute.RefAttrName.Length > 0 ? null : attribute.F;
    }

    private static SerenityException Invalid(NodeProto node, string? path, string what) => GraphCheck.Invalid(path, $"{GraphCheck.Describe(node)} {what}");
}
