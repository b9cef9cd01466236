using Google.Protobuf;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Operators.Regions;

/// <summary>
/// Holds the region rule of a model's last node against ONNX Runtime: for parts of its output along every axis that has a rule, the node's piece is run on just the
/// positions that the rule states, and must give what the whole node gives there.
/// </summary>
internal static class RegionCheck
{
    private const int MostParts = 40;

    /// <summary>Checks all axes.</summary>
    /// <param name="model">A model; the rule of its last node is checked.</param>
    /// <param name="what">For a failure.</param>
    /// <param name="whole">True if all values are whole numbers, so that every piece must be equal; else only those that the rule calls stable.</param>
    /// <param name="seed">Makes the inputs.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <returns>The axes that have a rule.</returns>
    public static int[] Run(ModelProto model, string what, bool whole, ulong seed = 1, int threads = 1)
    {
        ShapeTable shapes = OrtRun.Shapes(model);
        RegionValues values = new(model, shapes, new WeightReader("/model.onnx").Read) { Threads = threads };
        NodeProto node = model.Graph.Node[^1];
        List<int> axes = [];
        ModelProto all = model.Clone();
        List<(string Output, int Axis, Interval Asked, Interval Made, string Of, bool Stable)> parts = [];
        TestRandom random = new(seed);
        HashSet<string> outputs = [.. all.Graph.Output.Select(o => o.Name)];
        foreach (string output in node.Output.Where(o => o.Length > 0 && outputs.Add(o)))
            all.Graph.Output.Add(new ValueInfoProto { Name = output });
        for (int axis = 0; axis < shapes.Find(node.Output[0])!.Dims.Length; axis++)
        {
            if (RegionRules.Find(values, node, axis) is not { } rule)
                continue;
            axes.Add(axis);
            foreach (Interval asked in Parts(rule.Extent, random))
                AddPiece(all, values, node, rule, asked, parts);
        }
        Dictionary<string, OrtRun.Result> results = OrtRun.Run(all, seed, threads: threads);
        foreach ((string output, int axis, Interval asked, Interval made, string of, bool stable) in parts)
        {
            OrtRun.Result piece = results[output], expected = results[of];
            string where = $"{what}, axis {axis}, {asked.Start}..{asked.End}";
            long[] dims = [.. expected.Type.Dims];
            dims[axis] = made.Length;
            CollectionAssert.AreEqual(dims, piece.Type.Dims, where);
            if (whole || stable)
            {
                Assert.IsTrue(Rows(expected, axis, asked).AsSpan().SequenceEqual(Rows(piece, axis, new Interval(asked.Start - made.Start, asked.End - made.Start))),
                    $"{where}: the piece differs from the whole.");
            }
        }
        return [.. axes];
    }

    private static List<Interval> Parts(long extent, TestRandom random)
    {
        List<Interval> parts = [];
        for (long start = 0; start < extent; start++)
        {
            for (long end = start + 1; end <= extent; end++)
                parts.Add(new Interval(start, end));
        }
        while (parts.Count > MostParts)
            parts.RemoveAt(random.Next(parts.Count));
        return parts;
    }

    private static void AddPiece(
        ModelProto model, RegionValues values, NodeProto node, NodeRegion rule, Interval asked, List<(string, int, Interval, Interval, string, bool)> parts)
    {
        Interval made = rule.MadeFor(asked);
        Assert.IsTrue(made.Start <= asked.Start && made.End >= asked.End, $"{node.OpType}: asked for {asked}, makes {made}.");
        if (rule.Allows?.Invoke(made) == false)
            return;
        int number = model.Graph.Node.Count;
        NodeProto piece = node.Clone();
        piece.Name = $"piece{number}";
        Interval[] given = new Interval[rule.Inputs.Length], wanted = new Interval[rule.Inputs.Length];
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (!rule.Inputs[i].IsCut || node.Input[i].Length == 0)
                continue;
            int axis = rule.Inputs[i].Axis;
            wanted[i] = rule.Inputs[i].Map.Of(made);
            given[i] = wanted[i].Within(values.Dims(node.Input[i])![axis]);
            Assert.IsFalse(given[i].IsEmpty, $"{node.OpType}: input {i} gives nothing for {asked}.");
            piece.Input[i] = Cut(model, values, node.Input[i], axis, given[i], $"in{number}_{i}");
        }
        for (int k = 0; k < piece.Output.Count; k++)
        {
            if (piece.Output[k].Length > 0)
                piece.Output[k] = $"part{number}_{k}";
        }
        rule.Write?.Invoke(piece, new PieceForm(made, given, wanted, NewConstant));
        model.Graph.Node.Add(piece);
        for (int k = 0; k < piece.Output.Count; k++)
        {
            if (piece.Output[k].Length == 0)
                continue;
            model.Graph.Output.Add(new ValueInfoProto { Name = piece.Output[k] });
            parts.Add((piece.Output[k], rule.OutputAxes[k], asked, made, node.Output[k], rule.Stable?.Invoke(made) != false));
        }

        string NewConstant(string name, DataType type, long[] dims, byte[] data)
        {
            string unique = $"{name}_{model.Graph.Initializer.Count}";
            model.Graph.Initializer.Add(OnnxModelBuilder.Tensor(unique, type, data, dims));
            return unique;
        }
    }

    private static string Cut(ModelProto model, RegionValues values, string value, int axis, Interval part, string name)
    {
        if (values.CanCut(value))
        {
            long[] dims = [.. values.Dims(value)!];
            dims[axis] = part.Length;
            model.Graph.Initializer.Add(OnnxModelBuilder.Tensor(name, values.TypeOf(value)!.ElementType, new WeightReader("/model.onnx").ReadSlice(values.Constant(value)!, axis, part.Start, part.Length), dims));
            return name;
        }
        NodeProto slice = new() { Name = $"slice_{name}", OpType = "Slice" };
        slice.Input.Add(value);
        slice.Output.Add(name);
        if (values.Opset < 10)
        {
            slice.Set("axes", [axis]);
            slice.Set("starts", [part.Start]);
            slice.Set("ends", [part.End]);
        }
        else
        {
            foreach ((string suffix, long number) in new[] { ("start", part.Start), ("end", part.End), ("axis", axis) })
            {
                string vector = $"{name}_{suffix}";
                model.Graph.Initializer.Add(OnnxModelBuilder.Tensor(vector, DataType.Int64, BitConverter.GetBytes(number), 1));
                slice.Input.Add(vector);
            }
        }
        model.Graph.Node.Add(slice);
        return name;
    }

    private static byte[] Rows(OrtRun.Result tensor, int axis, Interval rows)
    {
        long inner = TensorType.BitsPerElement(tensor.Type.ElementType) / 8, outer = 1;
        for (int i = 0; i < tensor.Type.Dims.Length; i++)
        {
            if (i < axis)
                outer *= tensor.Type.Dims[i];
            else if (i > axis)
                inner *= tensor.Type.Dims[i];
        }
        List<byte> bytes = [];
        for (long o = 0; o < outer; o++)
            bytes.AddRange(tensor.Bytes.AsSpan((int)((o * tensor.Type.Dims[axis] + rows.Start) * inner), (int)(rows.Length * inner)).ToArray());
        byte[] all = [.. bytes];
        // Any NaN equals any other.
        if (tensor.Type.ElementType == DataType.Float)
        {
            foreach (ref float value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(all.AsSpan()))
                value = float.IsNaN(value) ? float.NaN : value;
        }
        else if (tensor.Type.ElementType == DataType.Double)
        {
            foreach (ref double value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(all.AsSpan()))
                value = double.IsNaN(value) ? double.NaN : value;
        }
        return all;
    }
}
