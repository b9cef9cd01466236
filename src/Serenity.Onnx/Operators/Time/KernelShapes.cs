using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>A node with the shapes of what it reads and makes.</summary>
/// <param name="Node">The node.</param>
/// <param name="TypeOf">Type of a value, weights included; null where it is not known.</param>
/// <param name="IsWeight">True for a weight.</param>
internal readonly record struct KernelShapes(NodeProto Node, Func<string, TensorType?> TypeOf, Func<string, bool> IsWeight)
{
    /// <summary>What is known of its operator.</summary>
    public Operator Operator { get; } = OperatorTable.Of(Node);

    /// <summary>True if the first input holds bytes: kernels for them are others.</summary>
    public bool IsBytes => Node.Input.Count > 0 && TypeOf(Node.Input[0])?.ElementType is TensorProto.Types.DataType.Uint8 or TensorProto.Types.DataType.Int8;


    /// <summary>Elements of all outputs.</summary>
    public double Made
    {
        get
        {
            double made = 0;
            foreach (string name in Node.Output)
                made += name.Length == 0 ? 0 : WorkEstimate.Elements(DimsOf(name));
            return made;
        }
    }

    /// <summary>Elements of all inputs that are not weights.</summary>
    public double Read
    {
        get
        {
            double read = 0;
            foreach (string name in Node.Input)
                read += name.Length == 0 || IsWeight(name) ? 0 : WorkEstimate.Elements(DimsOf(name));
            return read;
        }
    }

    /// <summary>Dimensions of a value; null where they are not known.</summary>
    public long[]? DimsOf(string name) => TypeOf(name)?.Dims;

    /// <summary>Dimensions of an input; null where it is omitted or they are not known.</summary>
    public long[]? Input(int index) => index < Node.Input.Count && Node.Input[index].Length > 0 ? DimsOf(Node.Input[index]) : null;

    /// <summary>Dimensions of an output; null where they are not known.</summary>
    public long[]? Output(int index) => index < Node.Output.Count && Node.Output[index].Length > 0 ? DimsOf(Node.Output[index]) : null;
}
