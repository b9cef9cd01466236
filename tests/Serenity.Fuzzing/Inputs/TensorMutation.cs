using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.AttributeProto.Types;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes tensors: their types, shapes and data, and where the data lies.</summary>
/// <param name="corpus">Where parts of other models come from.</param>
/// <param name="random">Chooses.</param>
/// <param name="pick">Finds places in the graph.</param>
internal sealed class TensorMutation(Corpus corpus, TestRandom random, GraphPicker pick)
{
    public void ReshapeInitializer(GraphProto graph)
    {
        if (graph.Initializer.Count > 0)
            Reshape(random.Pick(graph.Initializer));
    }

    public void Reshape(TensorProto tensor)
    {
        switch (random.Next(5))
        {
            case 0:
                tensor.DataType = random.Next(30);
                break;
            case 1 when tensor.Dims.Count > 0:
                tensor.Dims.RemoveAt(random.Next(tensor.Dims.Count));
                break;
            case 2:
                tensor.Dims.Insert(random.Next(tensor.Dims.Count + 1), StrangeValues.Dimension(random));
                break;
            case 3 when tensor.HasRawData && tensor.RawData.Length is > 0 and <= 64:
                // Shapes, axes and limits are such small tensors.
                byte[] raw = tensor.RawData.ToByteArray();
                BitConverter.GetBytes(StrangeValues.Number(random)).AsSpan(0, Math.Min(8, raw.Length)).CopyTo(raw.AsSpan(raw.Length < 8 ? 0 : random.Next(raw.Length / 8) * 8));
                tensor.RawData = ByteString.CopyFrom(raw);
                return;
            default:
                if (tensor.Dims.Count > 0)
                    tensor.Dims[random.Next(tensor.Dims.Count)] = StrangeValues.Dimension(random);
                break;
        }
        // Mostly with data that fits again.
        if (!random.Chance(0.8) || (DataType)tensor.DataType == DataType.String)
            return;
        double bytes = tensor.Dims.Aggregate(SizeOf((DataType)tensor.DataType), (product, dim) => product * dim);
        if (bytes is < 0 or > 1 << 20)
            return;
        TensorProto filled = OnnxModelBuilder.Tensor(tensor.Name, (DataType)tensor.DataType, new byte[(int)Math.Ceiling(bytes)], [.. tensor.Dims]);
        foreach (Google.Protobuf.Reflection.FieldDescriptor field in TensorProto.Descriptor.Fields.InFieldNumberOrder())
            field.Accessor.Clear(tensor);
        tensor.MergeFrom(filled);
    }

    private static double SizeOf(DataType type) => type switch
    {
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Int64 or DataType.Double or DataType.Uint64 or DataType.Complex64 => 8,
        DataType.Complex128 => 16,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Int4 or DataType.Uint4 => 0.5,
        _ => 1,
    };

    public void ChangeValueInfo(GraphProto graph)
    {
        ValueInfoProto[] all = [.. graph.Input, .. graph.Output, .. graph.ValueInfo];
        if (all.Length == 0)
            return;
        ValueInfoProto value = random.Pick(all);
        if (value.Type?.TensorType is not { } tensor)
        {
            value.Type = (TypeProto?)corpus.Part(TypeProto.Descriptor, random);
            return;
        }
        switch (random.Next(6))
        {
            case 0:
                tensor.ElemType = random.Next(28);
                break;
            case 1:
                tensor.Shape = null;
                break;
            case 2 when tensor.Shape is { Dim.Count: > 0 } shape:
                shape.Dim[random.Next(shape.Dim.Count)] = new TensorShapeProto.Types.Dimension { DimParam = random.Pick(["N", "batch", "seq", "", "2*n", "N+1"]) };
                break;
            case 3 when tensor.Shape is { } shape:
                shape.Dim.Insert(random.Next(shape.Dim.Count + 1), new TensorShapeProto.Types.Dimension { DimValue = StrangeValues.Dimension(random) });
                break;
            default:
                if (tensor.Shape is { Dim.Count: > 0 } dims)
                    dims.Dim[random.Next(dims.Dim.Count)] = new TensorShapeProto.Types.Dimension { DimValue = StrangeValues.Dimension(random) };
                break;
        }
    }

    public void MakeInitializerAnInput(GraphProto graph)
    {
        if (graph.Initializer.Count == 0)
            return;
        TensorProto tensor = random.Pick(graph.Initializer);
        TypeProto.Types.Tensor type = new() { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } });
        if (random.Chance(0.5))
            graph.Initializer.Remove(tensor);
    }

    public void MakeExternal(GraphProto graph)
    {
        if (graph.Initializer.Count == 0)
            return;
        TensorProto tensor = random.Pick(graph.Initializer);
        tensor.ClearRawData();
        tensor.FloatData.Clear();
        tensor.Int64Data.Clear();
        tensor.DataLocation = DataLocation.External;
        void Entry(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        Entry("location", random.Chance(0.6) ? FuzzInput.DataFile : random.Pick(FuzzInput.Escapes));
        if (random.Chance(0.5))
            Entry("offset", StrangeValues.Number(random).ToString(CultureInfo.InvariantCulture));
        if (random.Chance(0.3))
            Entry("length", random.Chance(0.5) ? StrangeValues.Number(random).ToString(CultureInfo.InvariantCulture) : StrangeValues.Text(random));
    }

    /// <summary>A value of any size, that costs nothing to write down.</summary>
    public void AddLargeValue(GraphProto graph)
    {
        long[] dims = [.. Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => random.Chance(0.5) ? 1L << (random.Chance(0.1) ? random.Next(0, 34) : random.Next(0, 14)) : StrangeValues.Dimension(random))];
        string shape = pick.Fresh(), made = pick.Fresh();
        graph.Initializer.Add(OnnxModelBuilder.Tensor(shape, DataType.Int64, System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(dims), dims.Length));
        NodeProto node = new() { OpType = random.Pick(["ConstantOfShape", "Expand", "Tile", "RandomNormal", "Range", "Reshape"]) };
        if (node.OpType == "RandomNormal")
        {
            AttributeProto attribute = new() { Name = "shape", Type = AttributeType.Ints };
            attribute.Ints.AddRange(dims);
            node.Attribute.Add(attribute);
        }
        else if (node.OpType == "Range")
        {
            foreach (long number in new[] { 0L, dims[0], 1L })
            {
                string name = pick.Fresh();
                graph.Initializer.Add(OnnxModelBuilder.Tensor(name, DataType.Int64, BitConverter.GetBytes(number)));
                node.Input.Add(name);
            }
        }
        else
        {
            if (node.OpType != "ConstantOfShape")
                node.Input.Add(pick.AnyValue(graph));
            node.Input.Add(shape);
        }
        node.Output.Add(made);
        graph.Node.Add(node);
        if (random.Chance(0.5) && pick.AnyNode(graph) is { Input.Count: > 0 } reader)
            reader.Input[random.Next(reader.Input.Count)] = made;
        else
            graph.Output.Add(new ValueInfoProto { Name = made });
    }
}
