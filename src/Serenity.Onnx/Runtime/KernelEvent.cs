using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
namespace Serenity.Onnx.Runtime;

/// <summary>One kernel execution, as ONNX Runtime's profile tells it.</summary>
/// <param name="Node">Name of the node; for one without a name its operator and its index, as in <c>Relu_3</c>.</param>
/// <param name="Operator">Operator type.</param>
/// <param name="Index">ONNX Runtime's own number of the node in its graph.</param>
/// <param name="Outputs">Type and shape of each output, in order.</param>
/// <param name="FirstMark">The mark of <see cref="MeasuringAllocator"/> at its start; 0 if there is none.</param>
/// <param name="LastMark">The mark at its end; 0 if there is none.</param>
/// <param name="InSubgraph">True if it ran within another kernel: in the body of a Loop, Scan or If.</param>
internal sealed record KernelEvent(
    string Node, string Operator, int Index, IReadOnlyList<KernelOutput> Outputs, int FirstMark, int LastMark, bool InSubgraph)
{
    /// <summary>True for an operator that computes nothing itself and runs subgraphs.</summary>
    public bool IsControlFlow => OperatorTable.Standard(Operator).Kind is OperatorKind.Branch or OperatorKind.Loop or OperatorKind.Scan;
}

/// <summary>Type and shape of an output as it was in one run.</summary>
/// <param name="Type">ONNX Runtime's name of the element type, such as "float" or "int64"; empty if it is no tensor.</param>
/// <param name="Dims">Dimensions.</param>
internal sealed record KernelOutput(string Type, long[] Dims);
