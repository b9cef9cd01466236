using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// Replays how ONNX Runtime plans and frees buffers for one order after another. Holds its working arrays, so that a search allocates
/// nothing per order; not for use by several threads at once.
/// </summary>
/// <remarks>
/// Settings: one stream, memory pattern and CPU arena off, all graph optimizations off. Rules (<see cref="Contract.RuntimeRules.BufferPlan"/>), laid out in
/// <c>docs/onnxruntime.md</c>. At each node in executed order, each output gets
/// <list type="number">
/// <item>its own buffer to the end of the run, if it is a graph output;</item>
/// <item>else the buffer of the input that its kernel aliases;</item>
/// <item>else the buffer of an input its kernel may overwrite, if this is the last use of that buffer and shape and element size agree;</item>
/// <item>else, if it is no scalar, the buffer freed last among those whose first owner has the same shape and element size;</item>
/// <item>else a new buffer.</item>
/// </list>
/// Then the buffers of which this was the last use go on the free list: those of inputs in input order, then those of unused outputs.
/// Memory itself is given back after the last node that reads any value in the buffer, so a buffer that is reused later is held through
/// the gap, and one that nobody reads is held to the end.
/// </remarks>
internal sealed class AllocationSimulator
{
    private const int External = int.MaxValue / 2;

    private readonly AllocationModel _model;
    private readonly int[] _origin, _count, _first, _last, _freeHead, _freeNext;
    private readonly int[] _producedUses;
    private readonly long[] _change, _fresh;
    private readonly bool _reusesFreed;

    /// <summary>Creates a simulator.</summary>
    /// <param name="model">Sizes and rules.</param>
    /// <param name="reusesFreed">False to leave out the free list: what the plan would be if no two shapes were known to agree but those
    /// of an in-place kernel's input and output.</param>
    public AllocationSimulator(AllocationModel model, bool reusesFreed = true)
    {
        _reusesFreed = reusesFreed;
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        int values = model.Graph.ValueCount;
        _origin = new int[values];
        _count = new int[values];
        _first = new int[values];
        _last = new int[values];
        _freeNext = new int[values];
        _freeHead = new int[model.ShapeClassCount];
        _producedUses = new int[values];
        _change = new long[model.Graph.NodeCount + 2];
        int mostOutputs = 0;
        for (int node = 0; node < model.Graph.NodeCount; node++)
            mostOutputs = Math.Max(mostOutputs, model.Graph.Outputs(node).Length);
        _fresh = new long[mostOutputs];
        for (int value = 0; value < values; value++)
            _producedUses[value] = model.Graph.Producer(value) < 0 ? External : model.Graph.UseCount(value) + 1;
    }

    /// <summary>The peak of an order, in bytes: the largest sum of the buffers held during a step.</summary>
    /// <param name="order">All nodes, in a topological order.</param>
    public long Peak(ReadOnlySpan<int> order) => Cost(order).Peak;

    /// <summary>The peak of an order, how many steps reach it, and the first of them.</summary>
    /// <param name="order">All nodes, in a topological order.</param>
    public (long Peak, int Steps, int First) Cost(ReadOnlySpan<int> order)
    {
        Replay(order);
        long live = _model.BytesFromTheStart, peak = live;
        int steps = 0, first = 0;
        for (int step = 0; step < order.Length; step++)
        {
            live += _change[step];
            long during = _model.HasInner ? live + Inner(order[step]).Most : live;
            if (during > peak)
                (peak, steps, first) = (during, 0, step);
            if (during == peak)
                steps++;
        }
        return (peak, steps, first);
    }

    /// <summary>Everything about an order's allocations.</summary>
    /// <param name="order">All nodes, in a topological order.</param>
    public AllocationPlan Plan(ReadOnlySpan<int> order)
    {
        Replay(order);
        long[] profile = new long[order.Length], inner = new long[order.Length], least = new long[order.Length];
        long live = _model.BytesFromTheStart;
        for (int step = 0; step < order.Length; step++)
        {
            live += _change[step];
            (inner[step], least[step]) = Inner(order[step]);
            profile[step] = live + inner[step];
            least[step] += live;
        }

        OrtGraph graph = _model.Graph;
        int[] bufferOf = new int[graph.ValueCount];
        Array.Fill(bufferOf, -1);
        List<PlannedBuffer> buffers = [];
        foreach (int node in order)
        {
            foreach (int value in graph.Outputs(node))
            {
                if (value < 0 || graph.Producer(_origin[value]) < 0)
                    continue;
                int origin = _origin[value];
                if (bufferOf[origin] < 0)
                {
                    bufferOf[origin] = buffers.Count;
                    buffers.Add(new PlannedBuffer(origin, _model.Bytes(origin), _first[origin], LastStep(origin, order.Length)));
                }
                bufferOf[value] = bufferOf[origin];
            }
        }
        return new AllocationPlan(order.ToArray(), profile, [.. buffers], bufferOf, _model.BytesFromTheStart, inner, least);
    }

    /// <summary>What a node allocates within itself: buffers of its own outputs may not be there yet when it does, those taken over are.</summary>
    private (long Most, long Least) Inner(int node)
    {
        if (_model.Inner(node) is not { } inner)
            return default;
        ReadOnlySpan<int> outputs = _model.Graph.Outputs(node);
        Span<long> fresh = _fresh.AsSpan(0, outputs.Length);
        for (int k = 0; k < outputs.Length; k++)
            fresh[k] = outputs[k] >= 0 && _origin[outputs[k]] == outputs[k] ? _model.Bytes(outputs[k]) : 0;
        return (inner.Most(fresh), inner.Least(fresh));
    }

    private int LastStep(int origin, int steps) =>
        _model.Graph.IsGraphOutput(origin) || _last[origin] < 0 ? steps - 1 : _last[origin];

    private void Replay(ReadOnlySpan<int> order)
    {
        OrtGraph graph = _model.Graph;
        for (int value = 0; value < _origin.Length; value++)
        {
            _origin[value] = value;
            _count[value] = _producedUses[value];
        }
        Array.Fill(_last, -1);
        Array.Fill(_freeHead, -1);
        Array.Clear(_change);

        for (int step = 0; step < order.Length; step++)
        {
            int node = order[step];
            ReadOnlySpan<int> outputs = graph.Outputs(node);
            for (int k = 0; k < outputs.Length; k++)
            {
                if (outputs[k] >= 0)
                    Assign(node, k, outputs[k], step);
            }
            foreach (int value in graph.Uses(node))
            {
                int origin = _origin[value];
                _last[origin] = step;
                Release(origin);
            }
            foreach (int value in outputs)
            {
                if (value >= 0)
                    Release(_origin[value]);
            }
        }

        foreach (int node in order)
        {
            foreach (int value in graph.Outputs(node))
            {
                if (value < 0 || _origin[value] != value)
                    continue;
                _change[_first[value]] += _model.Bytes(value);
                _change[LastStep(value, order.Length) + 1] -= _model.Bytes(value);
            }
        }
    }

    private void Assign(int node, int output, int value, int step)
    {
        int source = -1;
        if (!_model.Graph.IsGraphOutput(value))
            source = SharedSource(node, output, value);
        if (source < 0)
        {
            _first[value] = step;
            if (_model.Graph.IsGraphOutput(value))
                _count[value]++;
            return;
        }
        _origin[value] = source;
        _count[source] += _producedUses[value];
    }

    /// <summary>The first owner of the buffer that a value takes, or -1 for a new buffer.</summary>
    private int SharedSource(int node, int output, int value)
    {
        int aliased = _model.AliasOf(node, output);
        if (aliased >= 0)
            return _origin[aliased];

        int shapeClass = _model.ShapeClass(value);
        if (shapeClass < 0)
            return -1;
        foreach (int input in _model.InPlaceOf(node, output))
        {
            if (_count[_origin[input]] == 1 && _model.ShapeClass(input) == shapeClass)
                return _origin[input];
        }
        if (!_reusesFreed || !_model.TakesFreed(value) || _producedUses[value] == 1)
            return -1;
        int freed = _freeHead[shapeClass];
        if (freed >= 0)
            _freeHead[shapeClass] = _freeNext[freed];
        return freed;
    }

    private void Release(int origin)
    {
        if (--_count[origin] != 0)
            return;
        int shapeClass = _model.ShapeClass(origin);
        if (shapeClass < 0)
            return;
        _freeNext[origin] = _freeHead[shapeClass];
        _freeHead[shapeClass] = origin;
    }
}
