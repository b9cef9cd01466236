using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// The blocked layout of this machine's processor, as ONNX Runtime itself tells it: the result of a <c>com.microsoft.nchwc.ReorderInput</c> has as many channels as a block holds.
/// A model with blocks of another size runs, mostly, and computes wrongly without a word, so nothing else is asked.
/// </summary>
internal static class HostChannelBlock
{
    private static readonly Lazy<PlanLayout> _layout = new(Ask);

    /// <summary><see cref="PlanLayout.Portable"/> where there is no blocked layout, or anything unexpected was met.</summary>
    public static PlanLayout Layout => _layout.Value;

    /// <summary>A model of one node: four channels in, a block out.</summary>
    public static ModelProto Model()
    {
        GraphProto graph = new() { Name = "block" };
        graph.Input.Add(Image("x", 4));
        graph.Output.Add(new ValueInfoProto { Name = "y" });
        NodeProto node = new() { OpType = "ReorderInput", Domain = Operators.OperatorDomain.Nchwc, Name = "reorder" };
        node.Input.Add("x");
        node.Output.Add("y");
        graph.Node.Add(node);
        ModelProto model = new() { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = node.Domain, Version = 1 });
        return model;
    }

    private static PlanLayout Ask()
    {
        if (!NativeRuntime.IsAvailable)
            return PlanLayout.Portable;
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(Model()));
            float[] channels = [1, 2, 3, 4];
            RuntimeValue image = new RuntimeValue.Tensor(TensorElementType.Float, [1, 4, 1, 1], MemoryMarshal.AsBytes(channels.AsSpan()).ToArray());
            return session.Run([new("x", image)])[0].Value is RuntimeValue.Tensor { Type: TensorElementType.Float, Dims: [1, var count, 1, 1] } block
                && MemoryMarshal.Cast<byte, float>(block.Data) is [1, 2, 3, 4, .. var rest] && rest.IndexOfAnyExcept(0f) < 0
                ? Of(count) : PlanLayout.Portable;
        }
        catch (SerenityException)
        {
            return PlanLayout.Portable;
        }
    }

    private static PlanLayout Of(long channels) => channels switch
    {
        8 => PlanLayout.Blocked8,
        16 => PlanLayout.Blocked16,
        _ => PlanLayout.Portable,
    };

    private static ValueInfoProto Image(string name, long channels)
    {
        TensorShapeProto shape = new();
        foreach (long dim in (long[])[1, channels, 1, 1])
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } },
        };
    }
}
