using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning.Placement;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>Where a tensor lies.</summary>
/// <param name="Offset">Bytes from the start of the arena, or of the memory.</param>
/// <param name="Memory">The memory; null where the plan is for one.</param>
/// <param name="Move">Where it moves to while it is live; null if it stays.</param>
internal readonly record struct TensorPlace(long Offset, string? Memory, TensorMove? Move);

/// <summary>A placed schedule as steps and buffers.</summary>
internal sealed class PlacedProgram
{
    private readonly StaticArenaGraph _graph;
    private readonly int[] _order;
    private readonly ArenaLayout _layout;
    private readonly Func<int, int, int, TensorPlace> _placeOf;
    private readonly HashSet<string> _inputs, _outputs;
    private readonly Dictionary<string, List<int>> _writers = new(StringComparer.Ordinal), _readers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lastUse = new(StringComparer.Ordinal);

    /// <summary>Of buffers that stay where they are, in one arena.</summary>
    public PlacedProgram(StaticArenaGraph graph, int[] order, ArenaLayout layout, ArenaPlan placement)
        : this(graph, order, layout, (buffer, _, _) => new TensorPlace(placement.Offsets[buffer], null, null))
    {
    }

    /// <summary>Of buffers wherever they lie.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="order">All operators, in execution order.</param>
    /// <param name="layout">Its buffers.</param>
    /// <param name="placeOf">Of a buffer, and of the first and last step of a tensor in it, where the tensor lies.</param>
    public PlacedProgram(StaticArenaGraph graph, int[] order, ArenaLayout layout, Func<int, int, int, TensorPlace> placeOf)
    {
        _graph = graph;
        _order = order;
        _layout = layout;
        _placeOf = placeOf;
        _inputs = new(graph.Source.Input.Select(i => i.Name), StringComparer.Ordinal);
        _outputs = new(graph.Source.Output.Select(o => o.Name), StringComparer.Ordinal);
        for (int step = 0; step < order.Length; step++)
        {
            foreach (string output in graph.Nodes[order[step]].Output)
                Note(_writers, output, step);
            foreach (string input in graph.Nodes[order[step]].Input.Concat(SubgraphCaptures.Of(graph.Nodes[order[step]])))
                Note(_readers, input, step);
        }
        // From the last node to the first: an alias or a view is used whenever another name of it, or a view with it, is.
        foreach (ArenaValue value in graph.Nodes.Reverse().SelectMany(n => n.Output).Where(graph.Values.ContainsKey).Select(name => graph.Values[name]))
        {
            int last = _outputs.Contains(value.Name) ? order.Length - 1 : Math.Max(Steps(_readers, value.Name).LastOrDefault(0), Steps(_writers, value.Name).LastOrDefault(0));
            last = Math.Max(last, _lastUse.GetValueOrDefault(value.Name));
            _lastUse[value.Name] = last;
            foreach (string inner in (value.Parts ?? []).Concat(value.Of is null ? [] : [value.Of]))
                _lastUse[inner] = Math.Max(last, _lastUse.GetValueOrDefault(inner));
        }
    }

    public ExecutionProgram Program()
    {
        NodeProto[] nodes = Array.ConvertAll(_order, op => _graph.Nodes[op]);
        ProgramBuilder program = new(Array.ConvertAll(nodes, node => node.Name), Array.ConvertAll(nodes, ScheduledValues.OperatorType));
        foreach (ArenaValue value in _graph.Values.Values)
        {
            if (value.Kind == ArenaValueKind.Outside || !Array.TrueForAll(value.Tensors, t => _layout.BufferOf[t] >= 0))
                continue;
            if (value.Kind == ArenaValueKind.Buffer)
                AddBuffer(program, value);
            else
                AddView(program, value);
        }
        for (int step = 0; step < _order.Length; step++)
        {
            if (_layout.ScratchOf[step] is >= 0 and int buffer)
            {
                TensorPlace place = _placeOf(buffer, step, step);
                program.AddScratch(step, _graph.Graph.Scratch(_order[step]), place.Offset, place.Memory);
            }
        }
        return program.Arrange(_graph.Values.Keys).Build();
    }

    /// <summary>What is live at the first step of the peak; null for a model without operators.</summary>
    public PeakStep? PeakStep(long[] profile, ExecutionProgram program)
    {
        if (profile.Length == 0)
            return null;
        int peak = Array.IndexOf(profile, profile.Max());
        List<LiveTensor> live = [];
        ArenaSchedule schedule = _layout.Schedule;
        for (int t = 0; t < _graph.Graph.TensorCount; t++)
        {
            // At the step where a buffer is taken over it is listed once, under the name it had.
            bool arrivesInPlace = schedule.TakenFrom[t] >= 0 && schedule.First[t] == peak;
            if (_graph.TensorNames[t] is { } name && _graph.Graph.Bytes(t) > 0 && schedule.First[t] >= 0 && schedule.First[t] <= peak && schedule.Last[t] >= peak && !arrivesInPlace)
                live.Add(new LiveTensor(name, _graph.Graph.Bytes(t)));
        }
        if (program.Steps[peak].Scratch is { } own)
            live.Add(new LiveTensor(program.Buffers[own].Name, program.Buffers[own].Bytes));
        return new PeakStep(peak, program.Steps[peak].Node, [.. live.OrderByDescending(l => l.Bytes).ThenBy(l => l.Tensor, StringComparer.Ordinal)]);
    }

    private void AddBuffer(ProgramBuilder program, ArenaValue value)
    {
        int tensor = value.Tensors[0];
        ArenaSchedule schedule = _layout.Schedule;
        string? from = schedule.TakenFrom[tensor] is >= 0 and int taken ? _graph.TensorNames[taken] : null;
        Add(program, value, _layout.BufferOf[tensor], schedule.First[tensor], schedule.Last[tensor], from, Steps(_writers, value.Name));
    }

    // An alias or a view is there from its own operator to its own last use; what it lies in may be there longer.
    private void AddView(ProgramBuilder program, ArenaValue value)
    {
        List<int> writers = Steps(_writers, value.Name);
        int first = writers.FirstOrDefault(0), last = Math.Max(first, _lastUse[value.Name]);
        bool inOne = (value.Tensors.Length == 1 && value.IsContiguous) || _layout.Contiguous.Contains(ViewOf(value));
        Add(program, value, inOne ? _layout.BufferOf[value.Tensors[0]] : null, first, last, value.Of, writers);
    }

    // The view that an alias is another name of, through any number of aliases.
    private string ViewOf(ArenaValue value)
    {
        while (value.Of is { } of)
            value = _graph.Values[of];
        return value.Name;
    }

    private void Add(ProgramBuilder program, ArenaValue value, int? buffer, int first, int last, string? sharesWith, IReadOnlyList<int> writers)
    {
        TensorPlace? place = buffer is { } own ? _placeOf(own, first, last) : null;
        program.AddValue(
            new ProgramBuffer(
                0, ScheduledValues.Kind(_inputs.Contains(value.Name), _outputs.Contains(value.Name)), value.Name, value.Name, value.Bytes, place?.Offset, first, last, null, null,
                ScheduledValues.TypeText(_graph.Shapes, value.Name), writers, Steps(_readers, value.Name))
            {
                Memory = place?.Memory,
                Move = place?.Move,
            },
            sharesWith, value.Parts);
    }

    private static List<int> Steps(Dictionary<string, List<int>> of, string name) => of.GetValueOrDefault(name) ?? [];

    private static void Note(Dictionary<string, List<int>> of, string name, int step)
    {
        if (name.Length == 0)
            return;
        if (!of.TryGetValue(name, out List<int>? steps))
            of.Add(name, steps = []);
        if (steps.Count == 0 || steps[^1] != step)
            steps.Add(step);
    }
}
