using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// Small values that depend on constants alone, as a network computes the weights of its sums (RandWire: Sigmoid of a weight, Gather),
/// computed by ONNX Runtime itself, so that they are to the bit what the model would compute.
/// </summary>
internal static class ConstantValues
{
    /// <summary>Larger values are weights that the file keeps small on purpose (quantized ones, say).</summary>
    private const long MostElements = 4096;

    /// <summary>True for a standard operator that computes from its inputs and attributes alone, and gives no more than a run of it is worth.</summary>
    private static bool IsPlain(NodeProto node) => OperatorTable.Of(node) is
    {
        IsStandard: true,
        Kind: OperatorKind.Elementwise or OperatorKind.Broadcast or OperatorKind.Softmax or OperatorKind.Reduction
            or OperatorKind.View or OperatorKind.Movement or OperatorKind.Concat or OperatorKind.Constant,
    };

    /// <summary>Computes them.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="isConstant">True for an initializer that nothing can override.</param>
    /// <returns>Values that other nodes read, as tensors of their names; empty where there are none or ONNX Runtime is not there.</returns>
    public static IReadOnlyList<TensorProto> Compute(ModelProto model, ShapeTable shapes, Func<string, bool> isConstant)
    {
        HashSet<string> known = new(StringComparer.Ordinal), computed = new(StringComparer.Ordinal), wanted = new(StringComparer.Ordinal);
        List<NodeProto> nodes = [];
        foreach (NodeProto node in model.Graph.Node)
        {
            if (IsFoldable(node))
            {
                nodes.Add(node);
                known.UnionWith(node.Output);
                if (!ConstantNode.Is(node))
                    computed.UnionWith(node.Output);
            }
            else
            {
                wanted.UnionWith(node.Input.Where(computed.Contains));
            }
        }
        return wanted.Count == 0 || !NativeRuntime.IsAvailable ? [] : Run();

        bool IsFoldable(NodeProto node) =>
            IsPlain(node)
            && node.Input.All(i => i.Length == 0 || known.Contains(i) || isConstant(i))
            && node.Output.All(o => o.Length == 0 || shapes.Find(o) is { } type && type.ElementCount <= MostElements)
            && node.Input.All(i => i.Length == 0 || shapes.Find(i) is not { } type || type.ElementCount <= MostElements);

        IReadOnlyList<TensorProto> Run()
        {
            ModelProto part = new() { IrVersion = Math.Max(model.IrVersion, 4), Graph = new GraphProto { Name = "constants" } };
            part.OpsetImport.AddRange(model.OpsetImport);
            part.Graph.Node.AddRange(nodes);
            HashSet<string> read = [.. nodes.SelectMany(n => n.Input)];
            part.Graph.Initializer.AddRange(model.Graph.Initializer.Where(i => read.Contains(i.Name)));
            part.Graph.Output.AddRange(wanted.Order(StringComparer.Ordinal).Select(name => new ValueInfoProto { Name = name }));
            if (part.Graph.Initializer.Any(TensorData.IsExternal))
                return [];
            try
            {
                using SessionOptions options = TruthfulSessionOptions.Create();
                using InferenceSession session = new(part.ToByteArray(), options);
                using RunOptions run = new();
                using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, new Dictionary<string, OrtValue>(), session.OutputNames);
                return [.. results.Select((value, i) => Tensor(session.OutputNames[i], value, shapes.Find(session.OutputNames[i])!))];
            }
            catch (OnnxRuntimeException)
            {
                // Then these values stay unknown, and what needs them does not match.
                return [];
            }
        }
    }

    private static TensorProto Tensor(string name, OrtValue value, TensorType type)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type.ElementType, RawData = ByteString.CopyFrom(value.GetTensorDataAsSpan<byte>()) };
        tensor.Dims.AddRange(type.Dims);
        return tensor;
    }
}
