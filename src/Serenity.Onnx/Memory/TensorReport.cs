using Serenity.Onnx.Pipeline;
using Serenity.Planning.Placement;

namespace Serenity.Onnx.Memory;

/// <summary>Turns a placed schedule back into facts about the model's values, for the manifest.</summary>
internal sealed class TensorReport
{
    private readonly StaticArenaGraph _graph;
    private readonly int[] _order;
    private readonly ArenaLayout _layout;
    private readonly ArenaPlan _placement;
    private readonly HashSet<string> _inputs, _outputs;
    private readonly Dictionary<string, List<int>> _writers = new(StringComparer.Ordinal), _readers = new(StringComparer.Ordinal);

    public TensorReport(StaticArenaGraph graph, int[] order, ArenaLayout layout, ArenaPlan placement)
    {
        _graph = graph;
        _order = order;
        _layout = layout;
        _placement = placement;
        _inputs = new(graph.Source.Input.Select(i => i.Name), StringComparer.Ordinal);
        _outputs = new(graph.Source.Output.Select(o => o.Name), StringComparer.Ordinal);
        for (int step = 0; step < order.Length; step++)
        {
            foreach (string output in graph.Nodes[order[step]].Output)
                Note(_writers, output, step);
            foreach (string input in graph.Nodes[order[step]].Input.Concat(Models.SubgraphCaptures.Of(graph.Nodes[order[step]])))
                Note(_readers, input, step);
        }
    }

    public IReadOnlyList<TensorFacts> Tensors()
    {
        List<TensorFacts> facts = [];
        foreach (ArenaValue value in _graph.Values.Values)
        {
            if (value.Kind != ArenaValueKind.Outside && Array.TrueForAll(value.Tensors, t => _layout.BufferOf[t] >= 0))
                facts.Add(value.Kind == ArenaValueKind.Buffer ? OfBuffer(value) : OfView(value));
        }
        for (int step = 0; step < _order.Length; step++)
        {
            if (_layout.ScratchOf[step] is >= 0 and int buffer)
            {
                facts.Add(new TensorFacts(
                    ScratchName(step), _graph.Graph.Scratch(_order[step]), _placement.Offsets[buffer], step, step, TensorRole.Activation, null, null, null, [step], [step]));
            }
        }
        return [.. facts.OrderBy(f => f.FirstStep).ThenBy(f => f.Name, StringComparer.Ordinal)];
    }

    public PeakStep? PeakStep(long[] profile)
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
        if (_graph.Graph.Scratch(_order[peak]) is > 0 and long scratch)
            live.Add(new LiveTensor(ScratchName(peak), scratch));
        return new PeakStep(peak, _graph.Nodes[_order[peak]].Name, [.. live.OrderByDescending(l => l.Bytes).ThenBy(l => l.Tensor, StringComparer.Ordinal)]);
    }

    private TensorFacts OfBuffer(ArenaValue value)
    {
        int tensor = value.Tensors[0];
        ArenaSchedule schedule = _layout.Schedule;
        string? from = schedule.TakenFrom[tensor] is >= 0 and int taken ? _graph.TensorNames[taken] : null;
        return Fact(value, _placement.Offsets[_layout.BufferOf[tensor]], schedule.First[tensor], schedule.Last[tensor], from, Steps(_writers, value.Name));
    }

    // An alias or a view is there from its own operator to its own last reader; what it lies in may be there longer.
    private TensorFacts OfView(ArenaValue value)
    {
        List<int> writers = Steps(_writers, value.Name), readers = Steps(_readers, value.Name);
        int first = writers.Count > 0 ? writers[0] : 0;
        int last = _outputs.Contains(value.Name) ? Math.Max(_order.Length - 1, 0) : Math.Max(readers.Count > 0 ? readers[^1] : first, first);
        bool inOne = (value.Tensors.Length == 1 && value.IsContiguous) || _layout.Contiguous.Contains(ViewOf(value));
        return Fact(value, inOne ? _placement.Offsets[_layout.BufferOf[value.Tensors[0]]] : null, first, last, value.Of, writers);
    }

    // The view that an alias is another name of, through any number of aliases.
    private string ViewOf(ArenaValue value)
    {
        while (value.Of is { } of)
            value = _graph.Values[of];
        return value.Name;
    }

    private TensorFacts Fact(ArenaValue value, long? offset, int first, int last, string? aliasOf, IReadOnlyList<int> writers)
    {
        TensorRole role = _outputs.Contains(value.Name) ? TensorRole.Output : _inputs.Contains(value.Name) ? TensorRole.Input : TensorRole.Activation;
        string? type = _graph.Shapes.Find(value.Name) is { } t ? $"{Models.TensorData.Name(t.ElementType)}[{string.Join(",", t.Dims)}]" : null;
        return new TensorFacts(value.Name, value.Bytes, offset, first, last, role, aliasOf, value.Parts, type, writers, Steps(_readers, value.Name));
    }

    private string ScratchName(int step) => $"{_graph.Nodes[_order[step]].Name}/scratch";

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
