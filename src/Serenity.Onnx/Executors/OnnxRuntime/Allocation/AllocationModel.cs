using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// What decides ONNX Runtime's allocation plan, in arrays: sizes, which buffers can stand in for each other, what the kernels share.
/// Built once for a graph; the order is the one thing left open.
/// </summary>
internal sealed class AllocationModel
{
    private readonly int[][] _aliases;
    private readonly int[][][] _inPlace;
    private readonly long[] _bytes;
    private readonly int[] _shapeClass;
    private readonly bool[] _reusable, _sized;
    private readonly InnerAllocation?[]? _inner;

    /// <summary>Builds the model of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Types and shapes of all its values.</param>
    /// <param name="planned">The shapes as far as ONNX Runtime knows them when it plans; null if it knows them all.</param>
    /// <exception cref="KeyNotFoundException">A value has no known shape and is not opaque.</exception>
    public AllocationModel(OrtGraph graph, ShapeTable shapes, PlannedShapes? planned = null)
        : this(graph, shapes, planned, BodyScope.Main(shapes, planned))
    {
    }

    /// <summary>The same with the shapes of some values hidden, which nothing else changes.</summary>
    private AllocationModel(AllocationModel shown, ReadOnlySpan<int> symbols, ShapeTable shapes)
    {
        Graph = shown.Graph;
        (_aliases, _inPlace, _bytes, _inner) = (shown._aliases, shown._inPlace, shown._bytes, shown._inner);
        (BytesFromTheStart, Unplanned) = (shown.BytesFromTheStart, shown.Unplanned);
        (_reusable, _sized, _shapeClass) = (shown._reusable, [.. shown._sized], [.. shown._shapeClass]);
        Dictionary<(int Bits, int Symbol, int Rank), int> classes = [];
        for (int value = 0; value < symbols.Length; value++)
        {
            // A scalar has no dimension to hide.
            if (symbols[value] == 0 || _shapeClass[value] < 0 || shapes.Find(Graph.Name(value)) is not { Dims.Length: > 0 } type)
                continue;
            _sized[value] = false;
            (int, int, int) key = ((int)RepresentativeOfSameSize(type.ElementType), symbols[value], type.Dims.Length);
            if (!classes.TryGetValue(key, out int shapeClass))
                classes.Add(key, shapeClass = shown.ShapeClassCount + classes.Count);
            _shapeClass[value] = shapeClass;
        }
        ShapeClassCount = shown.ShapeClassCount + classes.Count;
    }

    /// <summary>Builds the model of a graph within a scope; see the public one.</summary>
    internal AllocationModel(OrtGraph graph, ShapeTable shapes, PlannedShapes? planned, BodyScope scope)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(shapes);
        Graph = graph;
        if (shapes.Formulas is not null)
            planned ??= PlannedShapes.AllOf(shapes);
        _sized = new bool[graph.ValueCount];
        _bytes = new long[graph.ValueCount];
        _shapeClass = new int[graph.ValueCount];
        _reusable = new bool[graph.ValueCount];
        Dictionary<TensorType, int> classes = [];
        for (int value = 0; value < _bytes.Length; value++)
        {
            _shapeClass[value] = -1;
            string name = graph.Name(value);
            TensorType? type = shapes.Find(name);
            bool allocated = graph.Producer(value) >= 0 || (graph.IsGraphOutput(value) && graph.IsWeight(value));
            if (allocated && !(graph.IsGraphOutput(value) && (scope.Given.Contains(name) || shapes.Shared.ContainsKey(name))))
                _bytes[value] = type is null ? shapes.Bytes(name) : BytesOf(type);
            if (type is null || type.ElementType == DataType.String)
                continue;
            // Nobody knows before the run how much of a bound there is.
            long[]? dims = planned is not null ? planned.Find(name) : shapes.IsExact(name) ? type.Dims : null;
            if (dims is null || Array.IndexOf(dims, PlannedShapes.Unknown) >= 0)
                continue;
            _sized[value] = Array.TrueForAll(dims, dim => dim >= 0);
            TensorType key = new(RepresentativeOfSameSize(type.ElementType), dims);
            if (!classes.TryGetValue(key, out int shapeClass))
                classes.Add(key, shapeClass = classes.Count);
            _shapeClass[value] = shapeClass;
            _reusable[value] = type.Dims.Length > 0;
        }
        ShapeClassCount = classes.Count;
        for (int value = 0; value < _bytes.Length; value++)
            BytesFromTheStart += graph.Producer(value) < 0 ? _bytes[value] : 0;

        int n = graph.NodeCount;
        _aliases = new int[n][];
        _inPlace = new int[n][][];
        for (int node = 0; node < n; node++)
        {
            KernelRule rule = KernelRules.Find(graph.Node(node));
            ReadOnlySpan<int> inputs = graph.Inputs(node);
            int outputs = graph.Outputs(node).Length;
            _aliases[node] = new int[outputs];
            _inPlace[node] = new int[outputs][];
            for (int k = 0; k < outputs; k++)
            {
                int aliased = rule.AliasedInput(k);
                _aliases[node][k] = aliased >= 0 && aliased < inputs.Length ? inputs[aliased] : -1;
                List<int> candidates = [];
                foreach (BufferShare share in rule.InPlace)
                {
                    if (share.Output == k && share.Input < inputs.Length && inputs[share.Input] >= 0)
                        candidates.Add(inputs[share.Input]);
                }
                _inPlace[node][k] = [.. candidates];
            }
        }
        _inner = ControlFlow.Find(graph, shapes, scope, out IReadOnlyList<string> unplanned);
        Unplanned = unplanned;
    }

    /// <summary>The graph.</summary>
    public OrtGraph Graph { get; }

    /// <summary>Number of shape classes.</summary>
    public int ShapeClassCount { get; }

    /// <summary>
    /// What it is where ONNX Runtime knows of some values no more than that their dimensions are a symbol of their own; else the same. Where nodes have subgraphs, these may know less as
    /// well: then it has to be built anew.
    /// </summary>
    /// <param name="symbols">By value: the symbol, 0 for those that stay as they are.</param>
    /// <param name="shapes">Shapes of all values, of which this was built.</param>
    public AllocationModel? WithHidden(ReadOnlySpan<int> symbols, ShapeTable shapes) => HasInner || Unplanned.Count > 0 ? null : new(this, symbols, shapes);

    /// <summary>Bytes held through the whole run: graph outputs that are weights or constants are copied when a run begins.</summary>
    public long BytesFromTheStart { get; }

    /// <summary>Bytes of a value's own buffer; zero for graph inputs and weights, which ONNX Runtime does not allocate in a run, except
    /// for a weight that is a graph output.</summary>
    public long Bytes(int value) => _bytes[value];

    /// <summary>Values of one class have the same element size and the same shape, dimension by dimension; -1 for a value whose buffer
    /// fits no other.</summary>
    public int ShapeClass(int value) => _shapeClass[value];

    /// <summary>True if the value may take a buffer off the free list: its shape is known and it is no scalar.</summary>
    public bool TakesFreed(int value) => _reusable[value];

    /// <summary>True if ONNX Runtime knows the value's size before the run.</summary>
    internal bool HasKnownSize(int value) => _sized[value];

    /// <summary>Nodes whose subgraphs allocate what cannot be planned: a size in them depends on the data, or it is no If, Loop or Scan.</summary>
    public IReadOnlyList<string> Unplanned { get; }

    /// <summary>True if some node allocates and frees within itself, as far as that is planned.</summary>
    public bool HasInner => _inner is not null;

    /// <summary>What the node allocates and frees while it runs; null for nothing.</summary>
    internal InnerAllocation? Inner(int node) => _inner?[node];

    /// <summary>Bytes that live only while the node runs, besides buffers for all of its outputs: no plan of ONNX Runtime's takes less.</summary>
    public long Scratch(int node)
    {
        if (Inner(node) is not { } inner)
            return 0;
        ReadOnlySpan<int> outputs = Graph.Outputs(node);
        long[] fresh = new long[outputs.Length];
        for (int k = 0; k < fresh.Length; k++)
            fresh[k] = outputs[k] < 0 ? 0 : _bytes[outputs[k]];
        return inner.Bound(fresh);
    }

    /// <summary>The value whose buffer an output always shares, or -1.</summary>
    public int AliasOf(int node, int output) => _aliases[node][output];

    /// <summary>The values whose buffer an output may take, in the order in which ONNX Runtime tries them.</summary>
    public ReadOnlySpan<int> InPlaceOf(int node, int output) => _inPlace[node][output];

    /// <summary>A string tensor holds one std::string per element, 32 bytes with the C++ library that ONNX Runtime is built with on Linux.</summary>
    private static long BytesOf(TensorType type) => type.ElementType == DataType.String ? checked(32 * type.ElementCount) : type.Bytes;

    private static DataType RepresentativeOfSameSize(DataType type) => TensorType.BitsPerElement(type) switch
    {
        8 => DataType.Uint8,
        16 => DataType.Uint16,
        32 => DataType.Uint32,
        64 => DataType.Uint64,
        _ => type,
    };
}
