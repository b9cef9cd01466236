using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Testing.Kernels;

/// <summary>What a kernel was seen to do with the buffer of an input.</summary>
public enum Sharing
{
    /// <summary>The output has a buffer of its own.</summary>
    None,

    /// <summary>The output takes the buffer if nobody else needs it.</summary>
    InPlace,

    /// <summary>The output always shares the buffer.</summary>
    Alias,
}

/// <summary>
/// Sees what the installed ONNX Runtime's kernels do with buffers, by measuring peaks of three tiny models around one node. The input in
/// question comes out of a Concat, so that ONNX Runtime owns it; the output in question goes into a Shape, whose own output is
/// a few bytes.
/// <list type="bullet">
/// <item>With the output a graph output, it has a buffer of its own in any case: the reference.</item>
/// <item>With the output read by a node, the peak is lower by one buffer if it is shared.</item>
/// <item>With the input also read later, it is still lower only if the kernel aliases.</item>
/// </list>
/// </summary>
public static class KernelProber
{
    /// <summary>Probes one input and one output of a recipe.</summary>
    /// <returns>What was seen; null if ONNX Runtime does not run the node at this opset.</returns>
    public static Sharing? Probe(KernelRecipe recipe, int opset, int input, int output)
    {
        try
        {
            long reference = Peak(recipe, opset, input, output, asOutput: true, readLater: false);
            long once = Peak(recipe, opset, input, output, asOutput: false, readLater: false);
            if (once >= reference)
                return Sharing.None;
            long held = Peak(recipe, opset, input, output, asOutput: false, readLater: true);
            return held < reference ? Sharing.Alias : Sharing.InPlace;
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    /// <summary>What the checked-in table says of the same.</summary>
    public static Sharing Expected(KernelRecipe recipe, int input, int output)
    {
        KernelRule rule = KernelRules.Find(new NodeProto { OpType = recipe.Operator, Domain = recipe.Domain });
        BufferShare share = new(input, output);
        return Array.IndexOf(rule.Aliases, share) >= 0 ? Sharing.Alias : Array.IndexOf(rule.InPlace, share) >= 0 ? Sharing.InPlace : Sharing.None;
    }

    private static long Peak(KernelRecipe recipe, int opset, int input, int output, bool asOutput, bool readLater)
    {
        GraphProto graph = new() { Name = "probe" };
        ModelProto model = new() { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = recipe.Domain.Length == 0 ? opset : 17 });
        if (recipe.Domain.Length > 0)
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = recipe.Domain, Version = opset });

        NodeProto node = new() { Name = "probed", OpType = recipe.Operator, Domain = recipe.Domain };
        node.Attribute.AddRange(recipe.Attributes);
        List<KeyValuePair<string, RuntimeValue>> values = [];
        NodeProto? copy = null, later = null;
        for (int i = 0; i < recipe.Inputs.Count; i++)
        {
            if (recipe.Inputs[i] is not { } given)
            {
                node.Input.Add("");
                continue;
            }
            string name = $"x{i}";
            TensorProto tensor = Tensor(name, given);
            if (given.Constant is not null)
            {
                graph.Initializer.Add(tensor);
            }
            else
            {
                graph.Input.Add(Info(name, given.Type, given.Dims));
                values.Add(new(name, new RuntimeValue.Tensor((TensorElementType)(int)given.Type, given.Dims, tensor.RawData.ToByteArray())));
            }
            if (i == input)
            {
                copy = Node("copy", "Concat", name, "copied");
                copy.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
                name = "copied";
            }
            node.Input.Add(name);
        }
        for (int k = 0; k < recipe.Outputs; k++)
            node.Output.Add($"y{k}");
        if (readLater)
        {
            // Stands before the node in the file, so is executed after it: the leaf that stands last comes first.
            later = Node("later", "Shape", "copied", "later_shape");
            graph.Output.Add(new ValueInfoProto { Name = "later_shape" });
        }
        graph.Node.Add(copy);
        if (later is not null)
            graph.Node.Add(later);
        graph.Node.Add(node);
        if (asOutput)
        {
            graph.Output.Add(new ValueInfoProto { Name = $"y{output}" });
        }
        else
        {
            graph.Node.Add(Node("shape", "Shape", $"y{output}", "shape_of"));
            graph.Output.Add(new ValueInfoProto { Name = "shape_of" });
        }
        foreach (ValueInfoProto value in graph.Output)
            value.Type = value.Name.StartsWith('y') ? null : Info(value.Name, DataType.Int64, null).Type;

        using ModelSession session = ModelSession.Load(RunnableModel.Of(model), observe: true);
        session.Run(values);
        return session.EndObservation().Memory?.ActivationBytes ?? throw new InvalidOperationException("Allocations cannot be measured here.");
    }

    private static NodeProto Node(string name, string op, string input, string output)
    {
        NodeProto node = new() { Name = name, OpType = op };
        node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }

    private static ValueInfoProto Info(string name, DataType type, long[]? dims)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type };
        if (dims is not null)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static TensorProto Tensor(string name, RecipeInput input)
    {
        long count = input.Dims.Aggregate(1L, (a, b) => a * b);
        double At(long i) => input.Constant is { } values ? values[i % values.Length] : input.Type is DataType.Float or DataType.Double or DataType.Float16 ? 0.5 : 1;
        byte[] Bytes<T>(Func<double, T> convert)
            where T : unmanaged
        {
            T[] data = new T[count];
            for (long i = 0; i < count; i++)
                data[i] = convert(At(i));
            return MemoryMarshal.AsBytes<T>(data).ToArray();
        }
        byte[] raw = input.Type switch
        {
            DataType.Float => Bytes(v => (float)v),
            DataType.Double => Bytes(v => v),
            DataType.Float16 => Bytes(v => (Half)v),
            DataType.Int8 => Bytes(v => (sbyte)v),
            DataType.Int16 => Bytes(v => (short)v),
            DataType.Int32 => Bytes(v => (int)v),
            DataType.Int64 => Bytes(v => (long)v),
            _ => Bytes(v => (byte)v),
        };
        TensorProto tensor = new() { Name = name, DataType = (int)input.Type, RawData = ByteString.CopyFrom(raw) };
        tensor.Dims.AddRange(input.Dims);
        return tensor;
    }
}
