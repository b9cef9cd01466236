using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>How many rounds a Loop runs, as far as the model alone says so.</summary>
internal static class LoopTripCount
{
    /// <summary>Rounds of a loop that always runs all of them: a constant trip count, and a condition that is true and stays so. Else null.</summary>
    /// <param name="loop">The Loop node.</param>
    /// <param name="body">Its body.</param>
    /// <param name="constant">Constants that the node and its body see, by name; null for a value that is none.</param>
    public static long? Exact(NodeProto loop, GraphProto body, Func<string, TensorProto?> constant)
    {
        if (loop.Input[1].Length > 0 && IsFalse(constant(loop.Input[1])))
            return 0;
        bool runsAll = (loop.Input[1].Length == 0 || IsTrue(constant(loop.Input[1]))) && StaysTrue(body, constant);
        return runsAll ? Most(loop, constant) : null;
    }

    /// <summary>The constant trip count, which no run exceeds; null if there is none.</summary>
    public static long? Most(NodeProto loop, Func<string, TensorProto?> constant)
    {
        if (loop.Input[0].Length == 0 || constant(loop.Input[0]) is not { } trips || (DataType)trips.DataType != DataType.Int64 || TensorData.IsExternal(trips))
            return null;
        byte[] raw = TensorData.ToRaw(trips);
        return raw.Length == 8 ? Math.Max(0, BitConverter.ToInt64(raw)) : null;
    }

    /// <summary>True for a constant condition that holds.</summary>
    public static bool IsTrue(TensorProto? tensor) => Value(tensor) is [not 0];

    /// <summary>True for a constant condition that does not hold.</summary>
    public static bool IsFalse(TensorProto? tensor) => Value(tensor) is [0];

    private static byte[]? Value(TensorProto? tensor) =>
        tensor is not null && (DataType)tensor.DataType == DataType.Bool && !TensorData.IsExternal(tensor) ? TensorData.ToRaw(tensor) : null;

    // The condition that the body hands on is the one it got, or a constant, possibly through Identity.
    private static bool StaysTrue(GraphProto body, Func<string, TensorProto?> constant)
    {
        string condition = body.Output[0].Name;
        for (int hops = 0; hops <= body.Node.Count; hops++)
        {
            if (condition == body.Input[1].Name || IsTrue(body.Initializer.FirstOrDefault(t => t.Name == condition)))
                return true;
            NodeProto? writer = body.Node.FirstOrDefault(n => n.Output.Contains(condition));
            if (writer is null)
                return IsTrue(constant(condition));
            if (!writer.IsIdentity())
                return IsTrue(ConstantNode.ValueOf(writer));
            condition = writer.Input[0];
        }
        return false;
    }
}
