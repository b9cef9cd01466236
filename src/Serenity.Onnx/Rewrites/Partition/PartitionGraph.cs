using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// A model's top-level graph in the order of a schedule, in dense indices: what a search over regions reads many thousand times. A region is
/// chosen among the nodes of an interval of the schedule, and so is convex as soon as nothing outside of it comes between.
/// </summary>
internal sealed class PartitionGraph
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly bool?[]?[] _narrow;
    private readonly Dictionary<int, NodeRegion?>[] _rules;
    private readonly long[] _elementBytes;
    private readonly OpenRules? _open;

    /// <summary>Indexes a model.</summary>
    /// <param name="model">The model; nodes with unique names; not changed.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">Names of its nodes in execution order; Constant nodes may be left out.</param>
    /// <param name="modelPath">Path of its file, beside which external data lies.</param>
    /// <param name="sharing">What the executor's kernels share.</param>
    /// <param name="threads">Threads within operators that the model runs with.</param>
    public PartitionGraph(ModelProto model, ShapeTable shapes, IEnumerable<string> order, string modelPath, IBufferSharing sharing, int threads = 1)
    {
        Sharing = sharing;
        Model = model;
        Shapes = shapes;
        Weights = new WeightReader(modelPath);
        Values = new RegionValues(model, shapes, Weights.Read) { Threads = threads };
        Dictionary<string, NodeProto> byName = model.Graph.Node.ToDictionary(n => n.Name, StringComparer.Ordinal);
        NodeProto[] all = [.. order.Select(name => byName[name]).Where(n => !ConstantNode.Is(n))];
        Dictionary<string, NodeProto> own = OwnNodes(model.Graph, all);
        Nodes = [.. all.Where(n => n.Output.Count == 0 || own.GetValueOrDefault(n.Output[0]) != n)];
        Own = Array.ConvertAll(Nodes, node => own.Count == 0 ? [] : node.Input.Where(own.ContainsKey).Select(name => own[name]).ToArray());
        OwnBytes = Array.ConvertAll(Own, nodes => nodes.Sum(n => shapes.Bytes(n.Output[0])));
        int count = Nodes.Length;
        _rules = new Dictionary<int, NodeRegion?>[count];
        _narrow = new bool?[count][];
        for (int p = 0; p < count; p++)
            _rules[p] = [];
        Inputs = new int[count][];
        Reads = new int[count][];
        Outputs = new int[count][];
        List<int> producer = [];
        for (int p = 0; p < count; p++)
        {
            Outputs[p] = [.. Nodes[p].Output.Select(Intern)];
            Inputs[p] = [.. Nodes[p].Input.Select(Intern)];
            Reads[p] = [.. Inputs[p].Concat(SubgraphCaptures.Of(Nodes[p]).Select(Intern)).Where(v => v >= 0).Distinct()];
        }
        int[] outputs = [.. model.Graph.Output.Select(o => Intern(o.Name))];
        ValueCount = _names.Count;
        Producer = new int[ValueCount];
        Array.Fill(Producer, -1);
        List<int>[] readers = new List<int>[ValueCount];
        for (int v = 0; v < ValueCount; v++)
            readers[v] = [];
        for (int p = 0; p < count; p++)
        {
            foreach (int v in Outputs[p].Where(v => v >= 0))
                Producer[v] = p;
            foreach (int v in Reads[p])
                readers[v].Add(p);
        }
        Readers = Array.ConvertAll(readers, r => r.ToArray());
        IsOutput = new bool[ValueCount];
        foreach (int v in outputs)
            IsOutput[v] = true;
        Bytes = new long[ValueCount];
        Dims = new long[ValueCount][];
        for (int v = 0; v < ValueCount; v++)
        {
            Dims[v] = Values.Dims(_names[v]) ?? [];
            // What lies in the buffer of an input takes none.
            Bytes[v] = Producer[v] >= 0 && !shapes.Shared.ContainsKey(_names[v]) ? shapes.Bytes(_names[v]) : 0;
        }
        IsConstant = [.. _names.Select(name => Values.Constant(name) is not null)];
        _elementBytes = new long[ValueCount];
        Array.Fill(_elementBytes, -1);
        Marks = new RegionValueMarks(ValueCount);
        LatestParts = new int[ValueCount];
        Array.Fill(LatestParts, -1);
        IsHalf = Array.ConvertAll(Outputs, made => Array.Exists(made, v => v >= 0 && Values.TypeOf(_names[v])?.ElementType is DataType.Float16 or DataType.Bfloat16));
        IsMadeForEachReader = Array.ConvertAll(Nodes, sharing.IsMadeForEachReader);
        OwnNanoseconds = Array.ConvertAll(Own, nodes => nodes.Sum(Time));
        Nanoseconds = [.. Nodes.Select((node, p) => Time(node) + OwnNanoseconds[p])];
        CallNanoseconds = [.. Nodes.Select((node, p) =>
        {
            TimeSum time = new();
            KernelTime.Add(time, node, name => Values.Constant(name) is null && Values.TypeOf(name) is { } type ? type with { Dims = [.. type.Dims.Select(_ => 1L)] } : Values.TypeOf(name),
                name => Values.Constant(name) is not null);
            return time.Nanoseconds + OwnNanoseconds[p];
        })];

        double Time(NodeProto node)
        {
            TimeSum time = new();
            KernelTime.Add(time, node, Values.TypeOf, name => Values.Constant(name) is not null);
            return time.Nanoseconds;
        }
    }

    /// <summary>True to cut nodes too of which other sizes than that along the cut axis have a range.</summary>
    public bool CutsOpen
    {
        get => _open is not null;
        init => _open = value ? OpenRules.For(Nodes, Values, Shapes.Formulas?.Space, OpenLengths) : null;
    }

    /// <summary>Steps that a region's interval may have: half as many again where sizes have a range, since shapes are computed among them.</summary>
    public int MostSteps => CutsOpen ? 96 : 64;

    /// <summary>The least that a size with a range is; null where no proof of it is found.</summary>
    public long? LeastOf(SizeExpression size) => _open?.LeastOf(size);

    /// <summary>Lengths of pieces along axes whose size has a range, where the model was cut before. Stated before <see cref="CutsOpen"/>.</summary>
    public IReadOnlySet<SizeExpression> OpenLengths { get; init; } = new HashSet<SizeExpression>();

    /// <summary>The model.</summary>
    public ModelProto Model { get; }

    /// <summary>Types of its values.</summary>
    public ShapeTable Shapes { get; }

    /// <summary>What the executor's kernels share.</summary>
    public IBufferSharing Sharing { get; }

    /// <summary>Types and constants, as region rules ask for them.</summary>
    public RegionValues Values { get; }

    /// <summary>Data of constants.</summary>
    public WeightReader Weights { get; }

    /// <summary>Nodes by step. Constant nodes are left out, and so are those of <see cref="Own"/>.</summary>
    public NodeProto[] Nodes { get; }

    /// <summary>
    /// By step: nodes that run for this one alone, right before it. They give what the executor makes for each reader (<see cref="IBufferSharing.IsMadeForEachReader"/>) of constants, as quantized
    /// weights are dequantized: each piece has its own.
    /// </summary>
    public NodeProto[][] Own { get; }

    /// <summary>Bytes that these make, there while the node runs.</summary>
    public long[] OwnBytes { get; }

    /// <summary>Predicted time that they take.</summary>
    public double[] OwnNanoseconds { get; }

    /// <summary>True for a node of which the executor makes one for each reader: pieces must not share what it gives.</summary>
    public bool[] IsMadeForEachReader { get; }

    /// <summary>Inputs of each node by position; -1 for an omitted one.</summary>
    public int[][] Inputs { get; }

    /// <summary>Everything that each node reads, captures of its subgraphs included; distinct.</summary>
    public int[][] Reads { get; }

    /// <summary>Outputs of each node by position; -1 for an omitted one.</summary>
    public int[][] Outputs { get; }

    /// <summary>Number of values.</summary>
    public int ValueCount { get; }

    /// <summary>The step at which each value is made; -1 for inputs, weights and constants.</summary>
    public int[] Producer { get; }

    /// <summary>The steps at which each value is read, ascending.</summary>
    public int[][] Readers { get; }

    /// <summary>True for graph outputs.</summary>
    public bool[] IsOutput { get; }

    /// <summary>Bytes of each value's buffer; 0 for what is not allocated in a run.</summary>
    public long[] Bytes { get; }

    /// <summary>Dimensions of each value.</summary>
    public long[][] Dims { get; }

    /// <summary>True for constants that nothing can override.</summary>
    public bool[] IsConstant { get; }

    /// <summary>What the region that is being grown wants of values.</summary>
    public RegionValueMarks Marks { get; }

    /// <summary>Working space of the program that is being laid out, by value: -1 between two.</summary>
    public int[] LatestParts { get; }

    /// <summary>Room for a program that is costed and forgotten.</summary>
    public PieceProgramRoom Room { get; } = new();

    /// <summary>Room for a region that is being settled.</summary>
    public RegionLists Lists { get; } = new();

    /// <summary>True for nodes that make float16.</summary>
    public bool[] IsHalf { get; }

    /// <summary>Predicted time of each node, with its own.</summary>
    public double[] Nanoseconds { get; }

    /// <summary>What is left of it for a piece of next to nothing.</summary>
    public double[] CallNanoseconds { get; }

    /// <summary>What nodes and values are pieces of, where the model was cut before; see <see cref="PartitionedModel.Origins"/>.</summary>
    public IReadOnlyDictionary<string, string?> Origins { get; init; } = new Dictionary<string, string?>();

    /// <summary>Names of nodes of the model that was cut first that no region may have.</summary>
    public IReadOnlySet<string> KeptWhole { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The node or value of the model that was cut first; null for a slice or a join.</summary>
    public string? OriginOf(string name) => Origins.TryGetValue(name, out string? origin) ? origin : name;

    /// <summary>True for a Slice that may cut one more axis itself.</summary>
    public bool MayNarrow(int node, int axis)
    {
        bool?[] known = _narrow[node] ??= new bool?[Dims[Inputs[node][0]].Length];
        return known[axis] ??= Values.Constant(Name(Inputs[node][0])) is null && MovementRegions.MayNarrow(Values, Nodes[node], axis);
    }

    /// <summary>Bytes of a value if it is copied, inputs and weights included.</summary>
    public long ElementBytes(int value) => _elementBytes[value] is >= 0 and var known ? known : _elementBytes[value] = Values.TypeOf(Name(value))?.Bytes ?? 0;

    /// <summary>Name of a value.</summary>
    public string Name(int value) => _names[value];

    /// <summary>The region rule of a node for an axis of its first output; null for a barrier.</summary>
    public NodeRegion? Rule(int node, int axis)
    {
        if (!_rules[node].TryGetValue(axis, out NodeRegion? rule))
        {
            // What captures values reads more than its inputs say.
            bool plain = Nodes[node].Attribute.All(a => a.G is null && a.Graphs.Count == 0)
                // In parts it would be put together anew, and not where the caller has it.
                && !Nodes[node].Output.Any(Shapes.Shared.ContainsKey)
                && !(OriginOf(Nodes[node].Name) is { } origin && KeptWhole.Contains(origin))
                // Pieces are written for one size along the axis; one that varies from run to run with the data has none.
                && Nodes[node].Input.Concat(Nodes[node].Output).All(CutsOpen ? Shapes.IsForeseen : Shapes.IsExact);
            rule = !plain ? null : _open is { } open ? open.Find(Nodes[node], axis) : RegionRules.Find(Values, Nodes[node], axis);
            _rules[node].Add(axis, rule = rule is not null && ReadsWholeOfOne(node, rule) ? null : rule);
        }
        return rule;
    }

    /// <summary>True for a node that pieces need whole values for which only one node may read; what is its own is made for each piece, as a whole.</summary>
    private bool ReadsWholeOfOne(int node, NodeRegion rule)
    {
        for (int i = 0; i < rule.Inputs.Length; i++)
        {
            if (Inputs[node][i] is not (>= 0 and int value))
                continue;
            if (rule.Inputs[i].IsCut ? Array.Exists(Own[node], own => own.Output[0] == _names[value]) : Producer[value] is >= 0 and int made && IsMadeForEachReader[made])
                return true;
        }
        return false;
    }

    /// <summary>By the value that it gives: nodes that compute from constants what one node alone reads, once.</summary>
    private Dictionary<string, NodeProto> OwnNodes(GraphProto graph, NodeProto[] nodes)
    {
        Dictionary<string, NodeProto> own = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            if (node.Output.Count == 1 && Sharing.IsMadeForEachReader(node) && node.Input.All(input => input.Length == 0 || Values.Constant(input) is not null))
                own.Add(node.Output[0], node);
        }
        if (own.Count == 0)
            return own;
        HashSet<string> once = new(StringComparer.Ordinal);
        foreach (string read in nodes.SelectMany(n => n.Input).Where(own.ContainsKey))
        {
            if (!once.Add(read))
                own.Remove(read);
        }
        foreach (string read in nodes.SelectMany(SubgraphCaptures.Of).Concat(graph.Output.Select(o => o.Name)).Concat([.. own.Keys.Where(name => !once.Contains(name))]))
            own.Remove(read);
        return own;
    }

    private int Intern(string name)
    {
        if (name.Length == 0)
            return -1;
        if (!_ids.TryGetValue(name, out int id))
        {
            _ids.Add(name, id = _names.Count);
            _names.Add(name);
        }
        return id;
    }
}
