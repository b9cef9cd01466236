using System.Runtime.InteropServices;
using Google.Protobuf;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// A Resize to given sizes, written with the scales that ONNX Runtime computes from them. From then on it computes the very same; but a shape can be hidden from its planner, which
/// reads constant sizes through any veil, and rewrites and pieces have one form to know.
/// </summary>
/// <remarks>
/// ONNX Runtime divides each size by the input's, in float32, and with a policy for the aspect takes the least or the largest of these for all axes (read in its source, and
/// held against runs of all modes). With scales it rounds the product down to the output's size, so only a Resize is restated for which that gives the size asked for.
/// </remarks>
internal static class ResizeScales
{
    private const int Scales = 2, Sizes = 3, FirstOpset = 11;

    /// <summary>Restates all in the main graph of a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Shapes of its values.</param>
    /// <returns>The model and its shapes, themselves where there is none.</returns>
    public static (ModelProto Model, ModelShapes Shapes) Restate(ModelProto model, ModelShapes shapes)
    {
        long opset = model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 1;
        // Before version 4 every initializer is listed as an input too.
        if (opset < FirstOpset || model.IrVersion < 4 || !model.Graph.Node.Any(IsSized))
            return (model, shapes);
        Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
        HashSet<string> values = new(model.Graph.Node.SelectMany(n => n.Output).Concat(model.Graph.Input.Select(i => i.Name)), StringComparer.Ordinal);
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            constants[tensor.Name] = tensor;
            values.Add(tensor.Name);
        }
        List<TensorProto> added = [];
        List<NodeProto> nodes = [];
        HashSet<string> unread = new(StringComparer.Ordinal);
        foreach (NodeProto node in model.Graph.Node)
        {
            if (!IsSized(node) || Of(node, shapes, constants) is not { } scales)
            {
                nodes.Add(node);
                continue;
            }
            string name = $"{node.Name}_scales";
            while (!values.Add(name))
                name += "_";
            TensorProto tensor = new() { Name = name, DataType = (int)DataType.Float, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(scales)) };
            tensor.Dims.Add(scales.Length);
            added.Add(tensor);
            NodeProto restated = node.Clone();
            unread.Add(restated.Input[Sizes]);
            restated.Input.RemoveAt(Sizes);
            restated.Input[Scales] = name;
            for (int i = restated.Attribute.Count - 1; i >= 0; i--)
            {
                if (restated.Attribute[i].Name == "keep_aspect_ratio_policy")
                    restated.Attribute.RemoveAt(i);
            }
            nodes.Add(restated);
        }
        if (added.Count == 0)
            return (model, shapes);
        Dictionary<string, TensorType> types = new(shapes.Main.Types, StringComparer.Ordinal);
        foreach (TensorProto tensor in added)
            types[tensor.Name] = new TensorType(DataType.Float, [.. tensor.Dims]);
        return (Written(model, nodes, added, unread), shapes with { Main = shapes.Main with { Types = types } });
    }

    private static bool IsSized(NodeProto node) =>
        OperatorTable.Of(node) is { Kind: OperatorKind.Movement, IsStandard: true } entry && entry.Roles.PositionOf(InputRole.Sizes) == Sizes && node.In(Sizes).Length > 0;

    private static float[]? Of(NodeProto node, ModelShapes shapes, Dictionary<string, TensorProto> constants)
    {
        // What the file declares, or a bound, is no size of every run.
        if (shapes.Main.Find(node.Input[0])?.Dims is not { } x || shapes.Main.Find(node.Output[0])?.Dims is not { } y || x.Length != y.Length
            || shapes.Assumed.ContainsKey(node.Output[0]) || !shapes.Main.IsExact(node.Input[0]) || !shapes.Main.IsExact(node.Output[0]) || x.Contains(0))
            return null;
        long[]? axes = node.Attribute.FirstOrDefault(a => a.Name == "axes")?.Ints.Select(a => a < 0 ? a + x.Length : a).ToArray();
        axes ??= [.. Enumerable.Range(0, x.Length).Select(d => (long)d)];
        if (axes.Any(a => a < 0 || a >= x.Length))
            return null;
        float[] scales = Array.ConvertAll(axes, a => y[a] / (float)x[a]);
        string? policy = node.Attribute.FirstOrDefault(a => a.Name == "keep_aspect_ratio_policy")?.S.ToStringUtf8();
        if (policy is "not_larger" or "not_smaller")
        {
            if (!constants.TryGetValue(node.Input[Sizes], out TensorProto? sizes) || (DataType)sizes.DataType != DataType.Int64 || TensorData.IsExternal(sizes))
                return null;
            long[] wanted = MemoryMarshal.Cast<byte, long>(TensorData.ToRaw(sizes)).ToArray();
            if (wanted.Length != axes.Length)
                return null;
            float[] each = [.. wanted.Zip(axes, (size, a) => size / (float)x[a])];
            Array.Fill(scales, policy == "not_larger" ? each.Min() : each.Max());
        }
        return scales.Zip(axes, (scale, a) => scale > 0 && (long)(scale * x[a]) == y[a]).All(same => same) ? scales : null;
    }

    /// <summary>The model without what only the sizes were for.</summary>
    private static ModelProto Written(ModelProto model, List<NodeProto> nodes, List<TensorProto> added, HashSet<string> unread)
    {
        HashSet<string> outputs = new(model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        bool again;
        do
        {
            HashSet<string> read = new(nodes.SelectMany(n => n.Input.Concat(SubgraphCaptures.Of(n))), StringComparer.Ordinal);
            again = false;
            for (int i = nodes.Count - 1; i >= 0; i--)
            {
                if (nodes[i].Output.All(o => o.Length == 0 || (!read.Contains(o) && !outputs.Contains(o))) && nodes[i].Output.Any(unread.Contains))
                {
                    unread.UnionWith(nodes[i].Input);
                    nodes.RemoveAt(i);
                    again = true;
                }
            }
        }
        while (again);
        ModelProto result = ModelCopy.Header(model);
        result.Graph.Node.AddRange(nodes);
        result.Graph.Initializer.AddRange(model.Graph.Initializer);
        UnreadConstants.Drop(result.Graph, unread);
        result.Graph.Initializer.AddRange(added);
        result.Graph.ValueInfo.AddRange(model.Graph.ValueInfo);
        result.Graph.QuantizationAnnotation.AddRange(model.Graph.QuantizationAnnotation);
        return result;
    }
}
