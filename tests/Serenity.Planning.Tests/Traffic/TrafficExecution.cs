using Serenity.Planning.Traffic;
using Serenity.Testing.Models;

namespace Serenity.Planning.Tests.Traffic;

/// <summary>
/// Carries a plan out: every tensor has contents, operators compute with what is on chip, and what moves is copied from one memory to the other. A plan is right if every operator read
/// what the schedule alone gives it, nothing was ever overfull, and the sums are those of the copies. Shares nothing with the search or with the check.
/// </summary>
internal sealed class TrafficExecution
{
    private readonly MemoryGraph _graph;
    private readonly int[] _order;
    private readonly TrafficPlan _plan;
    private readonly Dictionary<int, long> _chip = [], _outside = [], _truth = [];
    private readonly int[] _usesLeft;

    private TrafficExecution(MemoryGraph graph, int[] order, TrafficPlan plan)
    {
        (_graph, _order, _plan) = (graph, order, plan);
        _usesLeft = new int[graph.TensorCount];
        foreach (int op in order)
        {
            foreach (int t in (int[])[.. graph.Inputs(op), .. graph.Outputs(op)])
                _usesLeft[t]++;
        }
        for (int t = 0; t < graph.TensorCount; t++)
        {
            if (graph.IsGraphInput(t) && (_usesLeft[t] > 0 || graph.IsOutput(t)))
                _chip[t] = _outside[t] = _truth[t] = Mixed(-1, t);
        }
    }

    /// <summary>Bytes copied onto the chip.</summary>
    public long Read { get; private set; }

    /// <summary>Bytes copied off it.</summary>
    public long Written { get; private set; }

    /// <summary>Steps that streamed.</summary>
    public int Streamed { get; private set; }

    /// <summary>What went wrong but for the sums; null if nothing did.</summary>
    public string? Fault { get; private set; }

    /// <summary>True if the plan does what it says, sums included.</summary>
    public bool IsRight => Fault is null && (Read, Written, Streamed) == (_plan.ReadBytes, _plan.WrittenBytes, _plan.StreamedSteps) && _plan.LowerBoundBytes <= _plan.Bytes;

    /// <summary>Carries a plan out.</summary>
    public static TrafficExecution Of(MemoryGraph graph, int[] order, TrafficPlan plan)
    {
        TrafficExecution execution = new(graph, order, plan);
        execution.Fault = execution.Run();
        return execution;
    }

    private string? Run()
    {
        int at = 0;
        for (int step = 0; step < _order.Length; step++)
        {
            TrafficStep? move = at < _plan.Steps.Count && _plan.Steps[at].Step == step ? _plan.Steps[at++] : null;
            if (Step(_order[step], move?.Dropped ?? [], move?.Read ?? [], move?.Streams ?? false) is { } fault)
                return $"step {step}: {fault}";
        }
        if (at < _plan.Steps.Count)
            return "moves before no step, or out of their order";
        for (int t = 0; t < _graph.TensorCount; t++)
        {
            if (_graph.IsOutput(t) && !Holds(_chip, t) && !Holds(_outside, t))
                return $"output {t} is lost";
        }
        return null;
    }

    private bool Holds(Dictionary<int, long> memory, int tensor) => memory.TryGetValue(tensor, out long contents) && contents == _truth[tensor];

    private static long Mixed(long a, long b) => (long)new TestRandom((ulong)a ^ ((ulong)b * 0x9E3779B97F4A7C15)).Bits();

    private string? Step(int op, int[] dropped, int[] read, bool streams)
    {
        int[] inputs = [.. _graph.Inputs(op)], outputs = [.. _graph.Outputs(op)], own = [.. inputs.Union(outputs)];
        int[] begun = [.. outputs.Where(t => !_truth.ContainsKey(t))];
        foreach (int t in dropped)
        {
            if (!_chip.Remove(t, out long contents))
                return $"{t} cannot leave";
            // A copy that is as it is on chip need not be made again.
            if (!_outside.TryGetValue(t, out long there) || there != contents)
                Written += _graph.Bytes(t);
            _outside[t] = contents;
        }
        if (streams && _chip.Keys.Except(own).Any(t => _graph.Bytes(t) > 0))
            return "streams beside others";
        if (streams)
            _chip.Clear();
        foreach (int t in read)
        {
            if (!_outside.TryGetValue(t, out long contents) || (streams && _chip.ContainsKey(t)))
                return $"{t} cannot be read";
            _chip[t] = contents;
            Read += _graph.Bytes(t);
        }
        foreach (int t in own.Except(begun))
        {
            if (!Holds(_chip, t))
                return $"{t} is not there as it should be";
        }
        bool takesOver = begun.Length == 1 && _graph.InPlaceInputs(op).ToArray().Any(t => _usesLeft[t] == 1 && !_graph.IsOutput(t));
        long bytes = _graph.Scratch(op) + own.Sum(_graph.Bytes) - (takesOver ? _graph.Bytes(begun[0]) : 0);
        if (streams != bytes > _plan.CapacityBytes)
            return $"{bytes} bytes take part";
        if (!streams && bytes + _chip.Keys.Except(own).Sum(_graph.Bytes) > _plan.CapacityBytes)
            return "the chip is overfull";
        long result = op;
        foreach (int t in own.Except(begun))
            result = Mixed(Mixed(result, t), _truth[t]);
        foreach (int t in outputs)
            _chip[t] = _truth[t] = Mixed(result, t);
        if (streams)
        {
            Streamed++;
            Written += outputs.Sum(_graph.Bytes);
            foreach (int t in outputs)
                _outside[t] = _truth[t];
            _chip.Clear();
        }
        foreach (int t in (int[])[.. inputs, .. outputs])
        {
            if (--_usesLeft[t] == 0 && !_graph.IsOutput(t))
            {
                _chip.Remove(t);
                _outside.Remove(t);
            }
        }
        return null;
    }
}
