using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// Live bytes of a schedule with or without a region in pieces, by the executor's rules of aliases and of working in place. Buffers that are held for a later value of
/// the same shape are left out: a veil prevents that where it matters, and the plan that is written is simulated in full.
/// </summary>
internal sealed class LiveBytes
{
    private readonly PartitionGraph _graph;
    private readonly int[] _root, _lastUse, _made;
    private readonly int[][] _alias;
    private readonly int[][][] _inPlace;
    private readonly long[] _before, _during, _required, _scratch;
    private readonly long[]?[] _outliving;
    private readonly long[] _atOnce;
    private readonly Dictionary<(int Node, int Axis, long Made, long Read), long> _pieceScratch = [];

    // Working arrays of one costing, by value of its program.
    private int[] _uses = [], _owner = [];
    private bool[] _stays = [];
    private long[] _bytes = [];

    // By root: the value of the program that stands for the buffer; -1 between two costings.
    private readonly int[] _standsFor;

    /// <summary>Replays the schedule as it is.</summary>
    public LiveBytes(PartitionGraph graph)
    {
        _graph = graph;
        int nodes = graph.Nodes.Length;
        _outliving = new long[]?[nodes + 1];
        _atOnce = new long[nodes];
        Array.Fill(_atOnce, -1);
        _alias = new int[nodes][];
        _inPlace = new int[nodes][][];
        _root = new int[graph.ValueCount];
        for (int v = 0; v < _root.Length; v++)
            _root[v] = v;
        for (int p = 0; p < nodes; p++)
        {
            _alias[p] = new int[graph.Outputs[p].Length];
            _inPlace[p] = new int[graph.Outputs[p].Length][];
            for (int k = 0; k < _alias[p].Length; k++)
            {
                _alias[p][k] = graph.Sharing.AliasedInput(graph.Nodes[p], k);
                _inPlace[p][k] = [.. graph.Sharing.InPlaceInputs(graph.Nodes[p], k).Where(input => input < graph.Inputs[p].Length)];
                int output = graph.Outputs[p][k];
                if (output >= 0 && !graph.IsOutput[output] && _alias[p][k] is >= 0 and int input && input < graph.Inputs[p].Length && graph.Inputs[p][input] >= 0)
                    _root[output] = _root[graph.Inputs[p][input]];
            }
        }
        _lastUse = new int[graph.ValueCount];
        Array.Fill(_lastUse, -1);
        _standsFor = new int[graph.ValueCount];
        Array.Fill(_standsFor, -1);
        for (int v = 0; v < _root.Length; v++)
        {
            int last = graph.IsOutput[v] ? nodes : graph.Readers[v].Length > 0 ? graph.Readers[v][^1] : graph.Producer[v];
            _lastUse[_root[v]] = Math.Max(_lastUse[_root[v]], last);
        }
        _made = [.. Enumerable.Range(0, graph.ValueCount).Where(v => _root[v] == v && graph.Producer[v] >= 0).OrderBy(v => graph.Producer[v])];
        (_before, _during) = Replay();
        _scratch = Array.ConvertAll(graph.Nodes, node => graph.Sharing.Scratch(node, graph.Values.TypeOf));
        _required = [.. _during.Zip(_scratch, (live, scratch) => live + scratch)];
    }

    /// <summary>Live bytes before each step; one entry more than there are steps.</summary>
    public ReadOnlySpan<long> Before => _before;

    /// <summary>The value whose buffer a value lies in.</summary>
    public int Root(int value) => _root[value];

    /// <summary>Bytes that are live before an interval of steps and behind it.</summary>
    public long Outliving(int first, int last)
    {
        if (last - first < _graph.MostSteps)
            return (_outliving[first] ??= Outliving(first))[last - first];
        long bytes = 0;
        foreach (int root in _made)
        {
            if (_graph.Producer[root] >= first)
                break;
            if (_lastUse[root] > last)
                bytes += _graph.Bytes[root];
        }
        return bytes;
    }

    /// <summary>The same for all short intervals with one beginning, by length.</summary>
    private long[] Outliving(int first)
    {
        long[] bytes = new long[_graph.MostSteps];
        foreach (int root in _made)
        {
            if (_graph.Producer[root] >= first)
                break;
            // There behind every interval that ends before its last use.
            if (_lastUse[root] > first)
                bytes[Math.Min(_lastUse[root] - first, bytes.Length) - 1] += _graph.Bytes[root];
        }
        for (int i = bytes.Length - 2; i >= 0; i--)
            bytes[i] += bytes[i + 1];
        return bytes;
    }

    /// <summary>True for a buffer that is there before an interval of steps and behind it.</summary>
    public bool Outlives(int root, int first, int last) => _graph.Producer[root] < first && _lastUse[root] > last;

    /// <summary>What a node as a whole reads, which is there as it runs.</summary>
    public long ReadAtOnce(int node)
    {
        HashSet<int> buffers = [];
        foreach (int value in _graph.Reads[node])
            buffers.Add(_root[value]);
        long bytes = _graph.OwnBytes[node];
        foreach (int buffer in buffers)
            bytes += _graph.Bytes[buffer];
        return bytes;
    }

    /// <summary>What a node as a whole reads and makes, which is there at once: but for graph inputs and weights, and for an output in the buffer of an input.</summary>
    public long AtOnce(int node) => _atOnce[node] is >= 0 and var known ? known : _atOnce[node] = SumAtOnce(node);

    private long SumAtOnce(int node)
    {
        HashSet<int> buffers = [];
        foreach (int value in _graph.Reads[node])
            buffers.Add(_root[value]);
        for (int k = 0; k < _graph.Outputs[node].Length; k++)
        {
            if (_graph.Outputs[node][k] is >= 0 and int made && !MayShare(node, k))
                buffers.Add(_root[made]);
        }
        long bytes = _graph.OwnBytes[node];
        foreach (int buffer in buffers)
            bytes += _graph.Bytes[buffer];
        return bytes;
    }

    /// <summary>True if an output may lie in the buffer of an input.</summary>
    public bool MayShare(int node, int output) => _alias[node][output] >= 0 || _inPlace[node][output].Length > 0;

    /// <summary>True if an output is another name of an input.</summary>
    public bool IsAlias(int node, int output) => _alias[node][output] >= 0;

    /// <summary>Live bytes during each step.</summary>
    public ReadOnlySpan<long> During => _during;

    /// <summary>The same with the scratch of each step's kernel.</summary>
    public ReadOnlySpan<long> Required => _required;

    private (long[] Before, long[] During) Replay()
    {
        int nodes = _graph.Nodes.Length;
        long[] before = new long[nodes + 1], during = new long[nodes];
        long live = 0;
        // Who holds the buffer of a root: itself, or what it was computed over.
        long[] held = new long[_graph.ValueCount];
        for (int p = 0; p < nodes; p++)
        {
            before[p] = live;
            int[] outputs = _graph.Outputs[p];
            for (int k = 0; k < outputs.Length; k++)
            {
                int value = outputs[k];
                if (value < 0 || _root[value] != value)
                    continue;
                int taken = -1;
                foreach (int input in _inPlace[p][k])
                {
                    int over = _graph.Inputs[p][input];
                    if (over >= 0 && held[_root[over]] > 0 && _lastUse[_root[over]] == p && !_graph.IsOutput[value] && SameShape(over, value))
                        taken = _root[over];
                }
                if (taken >= 0)
                    held[taken] = 0;
                else
                    live += _graph.Bytes[value];
                held[value] = _graph.Bytes[value];
            }
            during[p] = live + _graph.OwnBytes[p];
            foreach (int value in _graph.Reads[p])
                Free(_root[value]);
            foreach (int value in outputs)
            {
                if (value >= 0)
                    Free(_root[value]);
            }

            void Free(int root)
            {
                if (_lastUse[root] > p || held[root] == 0)
                    return;
                live -= held[root];
                held[root] = 0;
            }
        }
        before[nodes] = live;
        return (before, during);
    }

    /// <summary>The most live bytes while a program runs, and the most of them with the kernels' scratch.</summary>
    /// <param name="program">The program.</param>
    /// <param name="enough">A live peak from which on the figures need not be exact.</param>
    public (long Live, long Required) Peak(PieceProgram program, long enough = long.MaxValue)
    {
        Prepare(program);
        long live = _before[program.Region.First], peak = live, required = live;
        foreach (PieceOperation step in program.Steps)
        {
            ReadOnlySpan<int> inputs = program.Inputs(step), outputs = program.Outputs(step);
            if (step.Kind == PieceStep.Region)
            {
                peak = Math.Max(peak, live + MadeBeforeLast(program.Region));
                foreach (int input in inputs)
                    Release(_owner[input]);
                foreach (int exit in outputs)
                {
                    _uses[exit]++;
                    live += _bytes[exit];
                    peak = Math.Max(peak, live + _bytes[exit]);
                }
                foreach (int exit in outputs)
                    Release(exit);
                required = Math.Max(required, peak);
                continue;
            }
            for (int k = 0; k < outputs.Length; k++)
            {
                int output = outputs[k];
                if (output < 0)
                    continue;
                int input = step.Kind is PieceStep.Whole or PieceStep.Piece ? Taken(program, step, k) : -1;
                if (input >= 0)
                {
                    _owner[output] = _owner[input];
                    // The buffer now serves the output's readers as well.
                    _uses[_owner[input]] += _uses[output] + 1;
                    _stays[_owner[input]] |= _stays[output];
                    continue;
                }
                _owner[output] = output;
                _uses[output]++;
                live += _bytes[output];
            }
            long at = live + (step.Kind is PieceStep.Whole or PieceStep.Piece ? _graph.OwnBytes[step.Node] : 0);
            peak = Math.Max(peak, at);
            required = Math.Max(required, at + ScratchOf(program, step));
            if (peak >= enough)
                return (peak, required);
            foreach (int input in inputs)
            {
                if (input >= 0)
                    Release(_owner[input]);
            }
            foreach (int output in outputs)
            {
                if (output >= 0)
                    Release(_owner[output]);
            }
        }
        return (peak, required);

        void Release(int owner)
        {
            if (--_uses[owner] == 0 && !_stays[owner])
                live -= _bytes[owner];
        }
    }

    /// <summary>
    /// Live bytes that a region's interval needs in any number of pieces, and the same with scratch. What is before the region and behind it runs whole; as the last piece
    /// begins, all that the region reads is there, and what the others made; and all parts of an exit are there as it is put together.
    /// </summary>
    public (long Live, long Required) Least(CutRegion region) => Peak(PieceProgram.Outline(region, _graph.Room));

    /// <summary>Bytes of what leaves a region for good in all pieces but the last: at least half.</summary>
    private long MadeBeforeLast(CutRegion region)
    {
        long bytes = 0;
        foreach (int sink in region.Sinks)
        {
            int node = _graph.Producer[sink];
            NodeRegion rule = region.Rules[Array.BinarySearch(region.Nodes, node)];
            if (_alias[node][Array.IndexOf(_graph.Outputs[node], sink)] < 0)
                bytes += _graph.Bytes[sink] / Math.Max(1, rule.Extent) * (rule.Extent / rule.Multiple / 2 * rule.Multiple);
        }
        return bytes;
    }

    /// <summary>Scratch of a step's kernel. Pads that a piece lost are not looked at: they change nothing where another axis has a kernel too.</summary>
    private long ScratchOf(PieceProgram program, PieceOperation step)
    {
        if (step.Kind == PieceStep.Whole)
            return _scratch[step.Node];
        if (step.Kind != PieceStep.Piece || _scratch[step.Node] == 0 || program.Inputs(step)[0] < 0)
            return 0;
        PieceValue read = program.Values[program.Inputs(step)[0]], made = program.Values[program.Outputs(step)[0]];
        (int, int, long, long) key = (step.Node, made.Axis, made.Part.Length, read.Part.Length);
        if (!_pieceScratch.TryGetValue(key, out long scratch))
            _pieceScratch.Add(key, scratch = ScratchOf(program.Region.RuleOf(step.Node).SizedFor(_graph.Nodes[step.Node], made.Part), read, made));
        return scratch;
    }

    private long ScratchOf(NodeProto node, PieceValue read, PieceValue made) =>
        _graph.Sharing.Scratch(node, name => name == node.Input[0] ? TypeOf(read) : name == node.Output[0] ? TypeOf(made) : _graph.Values.TypeOf(name));

    private TensorType? TypeOf(PieceValue value)
    {
        if (_graph.Values.TypeOf(_graph.Name(value.Value)) is not { } type || value.Axis < 0)
            return _graph.Values.TypeOf(_graph.Name(value.Value));
        long[] dims = [.. type.Dims];
        dims[value.Axis] = value.Part.Length;
        return type with { Dims = dims };
    }

    /// <summary>Bytes of a value of a program.</summary>
    private long BytesOf(PieceValue value) => value.Piece < 0
        ? _graph.Producer[value.Value] < 0 ? 0 : _graph.Bytes[_root[value.Value]]
        : _graph.ElementBytes(value.Value) * value.Part.Length / Math.Max(1, _graph.Dims[value.Value][value.Axis]);

    private void Prepare(PieceProgram program)
    {
        int count = program.Values.Count;
        if (_uses.Length < count)
        {
            _uses = new int[2 * count];
            _owner = new int[2 * count];
            _stays = new bool[2 * count];
            _bytes = new long[2 * count];
        }
        (int first, int last) = (program.Region.First, program.Region.Last);
        for (int i = 0; i < count; i++)
        {
            PieceValue value = program.Values[i];
            _uses[i] = 0;
            _owner[i] = i;
            _bytes[i] = value.Piece < 0 && value.Axis >= 0 ? 0 : BytesOf(value);
            _stays[i] = false;
            if (value.Piece >= 0 || value.Axis >= 0)
                continue;
            int root = _root[value.Value];
            bool isOutside = _graph.Producer[value.Value] < first;
            // Values of one buffer, made before: one of them stands for all.
            if (isOutside)
                _owner[i] = _standsFor[root] < 0 ? _standsFor[root] = i : _standsFor[root];
            _stays[i] = isOutside ? _lastUse[root] > last : _graph.IsOutput[value.Value] || _graph.Readers[value.Value] is [.., var reader] && reader > last
                || _lastUse[root] > last && root == value.Value;
        }
        foreach (PieceValue value in program.Values)
            _standsFor[_root[value.Value]] = -1;
        foreach (PieceOperation step in program.Steps)
        {
            foreach (int input in program.Inputs(step))
            {
                if (input >= 0)
                    _uses[_owner[input]]++;
            }
        }
    }

    /// <summary>The input whose buffer an output shares; -1 for a buffer of its own.</summary>
    private int Taken(PieceProgram program, PieceOperation step, int output)
    {
        PieceValue made = program.Values[program.Outputs(step)[output]];
        if (made.Piece < 0 && _graph.IsOutput[made.Value])
            return -1;
        // A node as a whole lists what it reads, each once; its inputs by position are the graph's.
        int At(int position)
        {
            if (step.Kind == PieceStep.Piece)
                return position < step.Reads ? program.Inputs(step)[position] : -1;
            int value = position < _graph.Inputs[step.Node].Length ? _graph.Inputs[step.Node][position] : -1;
            return value < 0 ? -1 : program.Inputs(step)[Array.IndexOf(_graph.Reads[step.Node], value)];
        }
        if (_alias[step.Node][output] is >= 0 and int alias)
            return At(alias);
        foreach (int position in _inPlace[step.Node][output])
        {
            int input = At(position);
            if (input < 0)
                continue;
            int owner = _owner[input], uses = UsesOf(owner, program.Inputs(step));
            PieceValue read = program.Values[input];
            if (_uses[owner] == uses && uses == 1 && !_stays[owner] && _bytes[owner] > 0 && SameShape(read.Value, made.Value) && Length(read, made.Axis) == Length(made, made.Axis))
                return input;
        }
        return -1;
    }

    /// <summary>Positions of a value along an axis; a piece that needs all of them reads the whole.</summary>
    private long Length(PieceValue value, int axis) => value.Axis < 0 && axis >= 0 ? _graph.Dims[value.Value][axis] : value.Part.Length;

    private int UsesOf(int owner, ReadOnlySpan<int> inputs)
    {
        int uses = 0;
        foreach (int input in inputs)
        {
            if (input >= 0 && _owner[input] == owner)
                uses++;
        }
        return uses;
    }

    private bool SameShape(int a, int b) => _graph.Dims[a].AsSpan().SequenceEqual(_graph.Dims[b]) && _graph.ElementBytes(a) == _graph.ElementBytes(b);
}
