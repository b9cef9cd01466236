using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>
/// One node as a model of its own in ONNX Runtime: weights are its initializers, activations its inputs and outputs, bound to memory
/// that the caller gives.
/// </summary>
internal sealed unsafe class NodeKernel : IDisposable
{
    /// <summary>Where empty values lie; lives as long as the process.</summary>
    private static readonly IntPtr _nothing = (IntPtr)NativeMemory.AlignedAlloc(64, 64);

    private readonly InferenceSession _session;
    private readonly Dictionary<string, RuntimeValue.Tensor> _values;

    /// <param name="model">The model that the node belongs to.</param>
    /// <param name="node">The node.</param>
    /// <param name="values">Type and shape of every value of the main graph; data of those that are weights.</param>
    /// <param name="weight">An initializer of the main graph by name, or null.</param>
    /// <param name="isBound">True for a value that is bound, false for one that is an initializer.</param>
    /// <param name="externalFolder">Folder of external data, or null.</param>
    public NodeKernel(
        ModelProto model, NodeProto node, IReadOnlyDictionary<string, RuntimeValue.Tensor> values, Func<string, TensorProto?> weight,
        Func<string, bool> isBound, string? externalFolder)
    {
        ModelProto single = new() { IrVersion = model.IrVersion, Graph = new GraphProto { Name = "node" } };
        single.OpsetImport.AddRange(model.OpsetImport);
        single.Functions.AddRange(model.Functions);
        single.Graph.Node.Add(node);
        _values = new(StringComparer.Ordinal);
        Inputs = [.. node.Input.Concat(SubgraphCaptures.Of(node)).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal).Where(n => isBound(n) && values.ContainsKey(n))];
        Outputs = [.. node.Output.Where(n => n.Length > 0)];
        foreach (string name in node.Input.Concat(SubgraphCaptures.Of(node)).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (isBound(name) && values.TryGetValue(name, out RuntimeValue.Tensor? value))
            {
                single.Graph.Input.Add(Describe(name, value));
                _values.Add(name, value);
            }
            else if (weight(name) is { } initializer)
            {
                single.Graph.Initializer.Add(initializer);
                // One that can be overridden is not packed ahead, and some kernels then round in another order.
                if (model.IrVersion >= 4 && model.Graph.Input.FirstOrDefault(i => i.Name == name) is { } face)
                    single.Graph.Input.Add(face);
            }
            else if (values.TryGetValue(name, out RuntimeValue.Tensor? constant))
            {
                TensorProto tensor = new() { Name = name, DataType = (int)constant.Type, RawData = ByteString.CopyFrom(constant.Data) };
                tensor.Dims.AddRange(constant.Dims);
                single.Graph.Initializer.Add(tensor);
            }
        }
        foreach (string name in Outputs)
        {
            single.Graph.Output.Add(new ValueInfoProto { Name = name });
            if (!values.TryGetValue(name, out RuntimeValue.Tensor? value))
                throw new SerenityException(SerenityCodes.RuntimeRefuses, null, $"Node '{node.Name}' ({node.OpType}) gives no tensor for its output '{name}', so the plan cannot be proven by running it.");
            _values[name] = value;
        }

        using SessionOptions options = TruthfulSessionOptions.Create();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        if (externalFolder is not null)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", externalFolder);
        try
        {
            _session = new InferenceSession(single.ToByteArray(), options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new SerenityException(SerenityCodes.RuntimeRefuses, null,
                $"ONNX Runtime {NativeRuntime.Version} cannot load node '{node.Name}' ({node.OpType}) on its own, so the plan cannot be proven by running it. Set {ModelSetting.Verify.Of("false")} on the item.", e);
        }
    }

    /// <summary>Values to be bound as inputs.</summary>
    public IReadOnlyList<string> Inputs { get; }

    /// <summary>Values to be bound as outputs.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Runs the node on bound memory. An address may be null for an empty value.</summary>
    /// <exception cref="OnnxRuntimeException">The kernel refuses.</exception>
    public void Run(Func<string, IntPtr> address)
    {
        List<OrtValue> bound = [];
        try
        {
            using OrtIoBinding binding = _session.CreateIoBinding();
            foreach (string name in Inputs)
                binding.BindInput(name, Bind(name));
            foreach (string name in Outputs)
                binding.BindOutput(name, Bind(name));
            using RunOptions options = new();
            _session.RunWithBinding(options, binding);
        }
        finally
        {
            foreach (OrtValue value in bound)
                value.Dispose();
        }

        OrtValue Bind(string name)
        {
            RuntimeValue.Tensor value = _values[name];
            IntPtr at = value.Data.Length == 0 ? _nothing : address(name);
            OrtValue made = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, value.Type, value.Dims, at, value.Data.Length);
            bound.Add(made);
            return made;
        }
    }

    public void Dispose() => _session.Dispose();

    private static ValueInfoProto Describe(string name, RuntimeValue.Tensor value)
    {
        TypeProto.Types.Tensor type = new() { ElemType = (int)value.Type, Shape = new TensorShapeProto() };
        foreach (long dim in value.Dims)
            type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
