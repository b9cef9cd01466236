using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>One run of one plan; see <see cref="ArenaRunner"/>.</summary>
internal sealed unsafe class ArenaExecution
{
    /// <summary>Bytes that every allocation of ONNX Runtime's CPU provider is aligned to.</summary>
    private const int RuntimeAlignment = 64;

    private readonly GraphProto _graph;
    private readonly NodeProto[] _schedule;

    /// <summary>Where each value lies now.</summary>
    private readonly Dictionary<string, ProgramBuffer> _facts;
    private readonly ArenaProgram _program;
    private readonly IReadOnlyDictionary<string, RuntimeValue.Tensor> _values;
    private readonly ArenaMemory _memory;
    private readonly Func<NodeProto, NodeKernel> _kernelOf;
    private readonly ArenaDataflow _dataflow;
    private readonly Dictionary<string, NodeProto> _producer = new(StringComparer.Ordinal);

    /// <summary>Values in the arena that were written and are still needed, with their last use.</summary>
    private readonly List<(string Name, int LastUse)> _needed = [];

    /// <summary>Values that stand for the whole model's where it does not round as an arena has to; see <see cref="ArenaRun.NodeByNode"/>.</summary>
    private readonly Dictionary<string, byte[]> _settled = new(StringComparer.Ordinal);
    private long _compared;

    public ArenaExecution(
        GraphProto graph, NodeProto[] schedule, ArenaProgram program, IReadOnlyDictionary<string, ProgramBuffer> facts,
        IReadOnlyDictionary<string, RuntimeValue.Tensor> values, ArenaMemory memory, Func<NodeProto, NodeKernel> kernelOf)
    {
        _graph = graph;
        _schedule = schedule;
        _facts = new(facts, StringComparer.Ordinal);
        _program = program;
        _values = values;
        _memory = memory;
        _kernelOf = kernelOf;
        _dataflow = new ArenaDataflow(graph, schedule, program, facts);
        foreach (NodeProto node in schedule)
        {
            foreach (string output in node.Output)
                _producer[output] = node;
        }
    }

    public ArenaRun Run(CancellationToken cancellation)
    {
        foreach (ValueInfoProto input in _graph.Input)
        {
            if (Holds(input.Name))
                Truth(input.Name).CopyTo(Place(input.Name));
        }
        foreach (ValueInfoProto input in _graph.Input)
        {
            if (Holds(input.Name))
                _needed.Add((input.Name, _dataflow.LastUse(input.Name)));
        }
        string? fault = null;
        int step = 0;
        for (; step < _schedule.Length && fault is null; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            fault = RunStep(step);
            if (fault is null && !_memory.GuardsAreIntact)
                fault = $"Step {step}, node '{_schedule[step].Name}': something was written outside the arena.";
        }
        return new ArenaRun(fault ?? CheckOutputs(), step, _compared, _settled.Count);
    }

    private string? RunStep(int step)
    {
        NodeProto node = _schedule[step];
        string where = $"Step {step}, node '{node.Name}'";
        bool free = node.Output.Count > 0 && _facts.TryGetValue(node.Output[0], out ProgramBuffer? made) && _dataflow.IsFree(made, node);
        if (Move(step) is { } lost)
            return $"{where}: a tensor that moves before it lies over '{lost}', which is still needed.";
        List<(IntPtr Memory, int Bytes)> owned = [];
        try
        {
            Dictionary<string, IntPtr> bound = new(StringComparer.Ordinal);
            NodeKernel kernel = _kernelOf(node);
            foreach (string input in kernel.Inputs)
            {
                bound[input] = Find(input, owned);
                if (Truth(input).Length > 0 && Differs(new ReadOnlySpan<byte>((void*)bound[input], Truth(input).Length), input))
                    return $"{where}: its input '{input}' is not what was written.";
            }

            // An output that takes over a dying input's buffer, and a sum in its group's, is computed beside the arena and then moved in; so is one whose
            // place is not aligned as memory of the runtime is.
            foreach (string output in kernel.Outputs)
            {
                bool isView = free && output == node.Output[0];
                if (!Holds(output) || isView)
                    bound[output] = Allocate(Truth(output).Length, owned);
                else if (TakesOver(output, kernel.Inputs))
                    bound[output] = Allocate(Truth(output).Length, owned);
                else
                {
                    // All of its buffer: with other data it may be full.
                    _memory.Spoil(_facts[output].Offset!.Value, checked((int)_facts[output].Bytes));
                    if (!IsAligned(Address(output)))
                        bound[output] = Allocate(Truth(output).Length, owned);
                }
            }
            ProgramBuffer? scratch = _program.Program.Steps[step].Scratch is { } own ? _program.Program.Buffers[own] : null;
            if (scratch?.Offset is { } scratchAt)
                _memory.Spoil(scratchAt, checked((int)scratch.Bytes));
            if (Crowded(node, kernel.Outputs, scratch) is { } crowded)
                return $"{where}: {crowded}.";
            if (Damaged(step) is { } damaged)
                return $"{where}: what it writes lies over '{damaged}', which is still needed.";

            if (!free || kernel.Outputs.Count > 1)
            {
                kernel.Run(name => !bound.TryGetValue(name, out IntPtr at) ? Address(name) : IsAligned(at) ? at : bound[name] = Aligned(at, Truth(name).Length, owned));
                foreach (string output in kernel.Outputs)
                {
                    if (bound.TryGetValue(output, out IntPtr beside) && Holds(output) && !(free && output == node.Output[0]))
                        new ReadOnlySpan<byte>((void*)beside, Truth(output).Length).CopyTo(Place(output));
                }
            }
            _needed.RemoveAll(n => n.LastUse <= step);
            if (kernel.Inputs.Any(_settled.ContainsKey) || kernel.Inputs.Concat(kernel.Outputs).Any(IsHalf))
                Settle(kernel, owned);
            foreach (string output in kernel.Outputs)
            {
                if (Truth(output).Length == 0 || !_facts.ContainsKey(output))
                    continue;
                if (Holds(output) && Differs(Place(output), output))
                    return $"{where}: its output '{output}' is not what the whole model computes.";
                if (Holds(output) && _dataflow.LastUse(output) > step)
                    _needed.Add((output, _dataflow.LastUse(output)));
            }
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            // Not the plan's fault: sizes and inputs were looked at before. A subgraph may state shapes that it does not keep to.
            throw new SerenityException(SerenityCodes.RuntimeRefuses, null, $"{where}: ONNX Runtime refuses to run it on its own: {RuntimeMessage.Plain(e)}", e);
        }
        finally
        {
            foreach ((IntPtr memory, _) in owned)
                NativeMemory.AlignedFree((void*)memory);
        }
    }

    /// <summary>Makes the moves before a step: all places that are moved to are spoiled first, so that these may be made in any order. What that damages; null for nothing.</summary>
    private string? Move(int step)
    {
        ProgramBuffer[] moving = [.. _facts.Values.Where(f => f.Move?.Step == step)];
        if (moving.Length == 0)
            return null;
        // Several names of one buffer move as one.
        foreach (IGrouping<long, ProgramBuffer> place in moving.GroupBy(f => f.Move!.Offset))
            _memory.Spoil(place.Key, checked((int)place.Max(f => f.Bytes)));
        if (Damaged(step) is { } lost)
            return lost;
        foreach (ProgramBuffer value in moving)
            Place(value.Owner).CopyTo(_memory.Slice(value.Move!.Offset, checked((int)value.Bytes)));
        foreach (ProgramBuffer value in moving)
            _facts[value.Owner] = value with { Offset = value.Move!.Offset, Move = null };
        return null;
    }

    private bool IsHalf(string name) =>
        _values.TryGetValue(name, out RuntimeValue.Tensor? value) && value.Type is TensorElementType.Float16 or TensorElementType.BFloat16;

    /// <summary>Runs a node beside the arena on the values it should have had; what it computes differently from the whole model counts from here.</summary>
    private void Settle(NodeKernel kernel, List<(IntPtr, int)> owned)
    {
        Dictionary<string, IntPtr> beside = new(StringComparer.Ordinal);
        foreach (string input in kernel.Inputs)
        {
            beside[input] = Allocate(Truth(input).Length, owned);
            Truth(input).CopyTo(new Span<byte>((void*)beside[input], Truth(input).Length));
        }
        foreach (string output in kernel.Outputs)
            beside[output] = Allocate(Truth(output).Length, owned);
        kernel.Run(name => beside[name]);
        foreach (string output in kernel.Outputs)
        {
            ReadOnlySpan<byte> made = new((void*)beside[output], Truth(output).Length);
            if (!made.SequenceEqual(Truth(output)))
                _settled[output] = made.ToArray();
        }
    }

    private string? CheckOutputs()
    {
        foreach (ValueInfoProto output in _graph.Output)
        {
            if (!_facts.TryGetValue(output.Name, out ProgramBuffer? fact) || Truth(output.Name).Length == 0)
                continue;
            if (fact.Offset is null)
                return $"Output '{output.Name}' does not lie in one piece.";
            if (Differs(Place(output.Name), output.Name))
                return $"Output '{output.Name}' is not what the whole model computes.";
        }
        return null;
    }

    /// <summary>What a node writes at the same time must lie apart: its outputs, and its scratch.</summary>
    private string? Crowded(NodeProto node, IReadOnlyList<string> outputs, ProgramBuffer? scratch)
    {
        List<ProgramBuffer> written = scratch?.Offset is null ? [] : [scratch];
        foreach (string output in outputs)
        {
            if (!Holds(output) || _facts[output].Bytes == 0 || (output == node.Output[0] && _dataflow.IsFree(_facts[output], node)))
                continue;
            ProgramBuffer fact = _facts[output];
            foreach (ProgramBuffer other in written)
            {
                if (fact.Offset < other.Offset + other.Bytes && other.Offset < fact.Offset + fact.Bytes)
                    return $"'{fact.Name}' and '{other.Name}' share bytes";
            }
            written.Add(fact);
        }
        return null;
    }

    /// <summary>A value that is still needed and is no longer what was written; null if there is none.</summary>
    private string? Damaged(int step)
    {
        foreach ((string name, int lastUse) in _needed)
        {
            if (lastUse >= step && Differs(Place(name), name))
                return name;
        }
        return null;
    }

    /// <summary>True if the plan says that an output lies in the buffer of an input of the same size.</summary>
    private bool TakesOver(string output, IReadOnlyList<string> inputs)
    {
        ProgramBuffer fact = _facts[output];
        foreach (string input in inputs)
        {
            if (_facts.TryGetValue(input, out ProgramBuffer? other) && other.Offset == fact.Offset && other.Bytes == fact.Bytes && Root(fact).Index == Root(other).Index)
                return true;
        }
        return false;
    }

    /// <summary>The value whose buffer this one lies in, through aliases and views of a single part.</summary>
    private ProgramBuffer Root(ProgramBuffer fact)
    {
        for (int depth = 0; depth < _facts.Count; depth++)
        {
            int? of = fact.SharesWith ?? (fact.Parts is [int only] ? only : null);
            if (of is null)
                break;
            fact = _program.Program.Buffers[of.Value];
        }
        return fact;
    }

    /// <summary>Where a value can be read: its place in the arena, or a copy gathered from its parts, outside the arena.</summary>
    private IntPtr Find(string name, List<(IntPtr, int)> owned)
    {
        if (!_facts.TryGetValue(name, out ProgramBuffer? fact))
        {
            IntPtr weight = Allocate(Truth(name).Length, owned);
            Truth(name).CopyTo(new Span<byte>((void*)weight, Truth(name).Length));
            return weight;
        }
        if (fact.Offset is not null)
            return Address(name);
        if (_program.SharedBy(fact) is { } of)
            return Find(of, owned);

        // A view in pieces: the concat itself gathers it.
        NodeKernel concat = _kernelOf(_producer[name]);
        Dictionary<string, IntPtr> bound = new(StringComparer.Ordinal);
        foreach (string part in concat.Inputs)
            bound[part] = Find(part, owned);
        bound[name] = Allocate(Truth(name).Length, owned);
        concat.Run(value => bound[value]);
        return bound[name];
    }

    private bool Holds(string name) => _facts.TryGetValue(name, out ProgramBuffer? fact) && fact.Offset is not null;

    private ReadOnlySpan<byte> Truth(string name) =>
        _settled.TryGetValue(name, out byte[]? settled) ? settled : _values.TryGetValue(name, out RuntimeValue.Tensor? value) ? value.Data : [];

    /// <summary>The bytes of a value in the arena: as many as this run makes of it, from where its buffer begins.</summary>
    private Span<byte> Place(string name) =>
        _memory.Slice(_facts[name].Offset!.Value, _program.AtMost.Contains(name) ? Truth(name).Length : checked((int)_facts[name].Bytes));

    private IntPtr Address(string name) => (IntPtr)_memory.At(_facts[name].Offset!.Value);

    private bool Differs(ReadOnlySpan<byte> found, string name)
    {
        _compared++;
        return !found.SequenceEqual(Truth(name));
    }

    private static bool IsAligned(IntPtr address) => ((long)address & (RuntimeAlignment - 1)) == 0;

    /// <summary>
    /// A copy that is aligned as the runtime's own memory is. Some kernels (a ReduceMean, by Eigen) add up in another order where their input begins elsewhere
    /// in a vector register's length, and the whole model's values are from memory that never does. What stands in the arena was compared before.
    /// </summary>
    private static IntPtr Aligned(IntPtr address, int bytes, List<(IntPtr, int)> owned)
    {
        IntPtr copy = Allocate(bytes, owned);
        new ReadOnlySpan<byte>((void*)address, bytes).CopyTo(new Span<byte>((void*)copy, bytes));
        return copy;
    }

    private static IntPtr Allocate(int bytes, List<(IntPtr, int)> owned)
    {
        IntPtr memory = (IntPtr)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), RuntimeAlignment);
        owned.Add((memory, bytes));
        return memory;
    }
}
