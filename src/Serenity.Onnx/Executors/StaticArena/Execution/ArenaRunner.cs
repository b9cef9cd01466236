using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>
/// Proves a plan by running it: node by node through ONNX Runtime, every tensor bound to its slice of one block of exactly the arena's
/// size. What a node is about to write is spoiled first; then every value that is still needed must be intact, bit for bit, as it was in
/// a run of the whole model without any arena. So bytes that two values share are found at the step where the one takes them from the
/// other, whatever the data. Made once for a model and inputs; runs any number of plans. One thread at a time.
/// </summary>
internal sealed class ArenaRunner : IDisposable
{
    private readonly ModelProto _model;
    private readonly string? _externalFolder;
    private readonly Dictionary<string, RuntimeValue.Tensor> _values;
    private readonly Dictionary<string, NodeProto> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _weights = new(StringComparer.Ordinal);
    private readonly HashSet<string> _fixed = new(StringComparer.Ordinal), _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeKernel> _kernels = new(StringComparer.Ordinal);

    private ArenaRunner(ModelProto model, string? externalFolder, Dictionary<string, RuntimeValue.Tensor> values)
    {
        _model = model;
        _externalFolder = externalFolder;
        _values = values;
        foreach (TensorProto tensor in model.Graph.Initializer)
            _weights[tensor.Name] = tensor;
        foreach (NodeProto node in model.Graph.Node)
        {
            _nodes[node.Name] = node;
            if (ConstantNode.Is(node))
                _constants.Add(node.Output[0]);
        }
    }

    /// <summary>Runs the whole model once and keeps every value.</summary>
    /// <param name="model">The model as it is written, its nodes uniquely named.</param>
    /// <param name="inputs">Value of every input.</param>
    /// <param name="externalFolder">Absolute path of the folder of its external data, or null.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="SerenityException">ONNX Runtime is missing or refuses the model.</exception>
    /// <exception cref="RunLimitException">The run needs more than the limits of a build.</exception>
    public static ArenaRunner Create(
        ModelProto model, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, string? externalFolder = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(inputs);
        return new ArenaRunner(model, externalFolder, ReferenceValues.Compute(model, externalFolder, inputs, cancellation));
    }

    /// <summary>Runs a plan. Never throws for a plan that is wrong: the fault is in the result.</summary>
    /// <exception cref="SerenityException">ONNX Runtime refuses a node on its own.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ArenaRun Run(ArenaProgram program, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(program);
        NodeProto[] schedule = new NodeProto[program.Program.Steps.Count];
        for (int step = 0; step < schedule.Length; step++)
        {
            if (!_nodes.TryGetValue(program.Program.Steps[step].Node, out NodeProto? node))
                return new ArenaRun($"Node '{program.Program.Steps[step].Node}' of the schedule is not in the model.", 0, 0);
            schedule[step] = node;
        }
        if (schedule.Distinct().Count() != schedule.Length)
            return new ArenaRun("A node stands twice in the schedule.", 0, 0);
        IReadOnlyDictionary<string, ProgramBuffer> facts = program.Values();
        if (StaticFault(program, schedule, facts) is { } fault)
            return new ArenaRun(fault, 0, 0);
        SettleActivations(facts);
        using ArenaMemory memory = new(program.Blocks);
        return new ArenaExecution(_model.Graph, schedule, program, facts, _values, memory, KernelOf).Run(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NodeKernel kernel in _kernels.Values)
            kernel.Dispose();
        _kernels.Clear();
    }

    /// <summary>What is wrong with a plan before anything is run: places outside the arena, sizes, aliases that are elsewhere, nodes left out.</summary>
    private string? StaticFault(ArenaProgram program, NodeProto[] schedule, IReadOnlyDictionary<string, ProgramBuffer> facts)
    {
        foreach (ProgramBuffer fact in program.Program.Listed())
        {
            foreach (long offset in ((long?[])[fact.Offset, fact.Move?.Offset]).OfType<long>())
            {
                if (program.Blocks.Find(offset, fact.Bytes).Block < 0)
                    return $"Value '{fact.Name}' lies at {offset}..{offset + fact.Bytes}, outside the arena of {program.ArenaBytes} bytes.";
            }
            if (fact.Kind != BufferKind.Scratch && _values.TryGetValue(fact.Owner, out RuntimeValue.Tensor? value)
                && (program.AtMost.Contains(fact.Owner) ? value.Data.Length > fact.Bytes : value.Data.Length != fact.Bytes))
                return $"Value '{fact.Name}' has {value.Data.Length} bytes, the plan says {fact.Bytes}.";
            if (fact.SharesWith is { } of && fact.Offset is not null && program.Program.Buffers[of] is { Offset: not null } other && other.Offset != fact.Offset && other.Move?.Offset != fact.Offset)
                return $"Value '{fact.Name}' shares the buffer of '{other.Name}' and yet lies elsewhere.";
        }
        HashSet<string> scheduled = new(schedule.Select(n => n.Name), StringComparer.Ordinal);
        foreach (NodeProto node in _model.Graph.Node)
        {
            if (!ConstantNode.Is(node) && !scheduled.Contains(node.Name))
                return $"Node '{node.Name}' is not in the schedule.";
        }
        foreach (NodeProto node in schedule)
        {
            foreach (string output in node.Output)
            {
                if (output.Length > 0 && _values.TryGetValue(output, out RuntimeValue.Tensor? value) && value.Data.Length > 0
                    && !facts.ContainsKey(output) && !IsOutside(node, facts))
                {
                    return $"Value '{output}' has no place in the plan.";
                }
            }
        }
        return null;
    }

    /// <summary>A node that only renames a weight, or an input that lies outside the arena, makes no activation.</summary>
    private bool IsOutside(NodeProto node, IReadOnlyDictionary<string, ProgramBuffer> facts)
    {
        bool joins = false;
        for (int depth = 0; depth < _nodes.Count; depth++)
        {
            if (ConstantNode.Is(node))
                return true;
            if (!node.MayShareFirst() && !node.IsConcat() || node.Input.Count == 0)
                return false;
            joins |= node.IsConcat();
            if (_weights.ContainsKey(node.Input[0]) || !joins && !facts.ContainsKey(node.Input[0]) && _model.Graph.Input.Any(i => i.Name == node.Input[0]))
                return true;
            NodeProto? producer = _model.Graph.Node.FirstOrDefault(n => n.Output.Contains(node.Input[0]));
            if (producer is null)
                return false;
            node = producer;
        }
        return false;
    }

    /// <summary>Kernels are kept from plan to plan as long as the plans agree on what is an activation.</summary>
    private void SettleActivations(IReadOnlyDictionary<string, ProgramBuffer> facts)
    {
        if (_fixed.SetEquals(facts.Keys))
            return;
        Dispose();
        _fixed.Clear();
        _fixed.UnionWith(facts.Keys);
    }

    /// <summary>
    /// True for what a kernel takes as an input: activations, and weights that a node made from weights. Those are no initializers in the
    /// whole model either, and some kernels compute differently with an initializer, which they may rearrange when they are loaded.
    /// </summary>
    private bool IsBound(string name) => _fixed.Contains(name) || !(_weights.ContainsKey(name) || _constants.Contains(name));

    private NodeKernel KernelOf(NodeProto node)
    {
        if (!_kernels.TryGetValue(node.Name, out NodeKernel? kernel))
        {
            kernel = new NodeKernel(_model, node, _values, _weights.GetValueOrDefault, IsBound, _externalFolder);
            _kernels.Add(node.Name, kernel);
        }
        return kernel;
    }
}
