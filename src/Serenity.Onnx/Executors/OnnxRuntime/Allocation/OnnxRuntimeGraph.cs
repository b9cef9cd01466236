using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Planning;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// The <see cref="MemoryGraph"/> of a graph under ONNX Runtime's rules, and what its indices stand for. Operators are the graph's nodes,
/// with the same indices; Constant nodes are none.
/// </summary>
/// <remarks>
/// Its live peak is a bound: no order's simulated peak (<see cref="AllocationSimulator"/>) can be below its live peak here, since every
/// liberty of ONNX Runtime's plan is granted without its price.
/// <list type="bullet">
/// <item>Graph inputs and weights cost nothing: they belong to the caller and to the session.</item>
/// <item>An alias is a tensor of no bytes whose readers also read what it aliases.</item>
/// <item>An in-place kernel may take over the dying input. Where the kernel has several outputs, the shared one counts as an alias, which
/// can only be less.</item>
/// <item>A dead output is held to the end, unless it shares a buffer, or some other value could take its buffer over: then it counts only
/// while its node runs.</item>
/// <item>Reuse of freed buffers is left out: it only ever holds a buffer longer.</item>
/// </list>
/// </remarks>
internal sealed class OnnxRuntimeGraph
{
    private readonly int[] _tensorOf, _root;

    private OnnxRuntimeGraph(MemoryGraph memory, int[] tensorOf, int[] root)
    {
        Memory = memory;
        _tensorOf = tensorOf;
        _root = root;
    }

    /// <summary>The memory graph.</summary>
    public MemoryGraph Memory { get; }

    /// <summary>The tensor of a value; -1 for graph inputs, weights, and aliases of those.</summary>
    public int TensorOf(int value) => _tensorOf[value];

    /// <summary>The tensor in whose buffer a value lies, as far as that does not depend on the order; -1 for graph inputs and weights.</summary>
    public int RootOf(int value) => _tensorOf[_root[value]];

    /// <summary>Builds the memory graph.</summary>
    /// <param name="model">Sizes and rules.</param>
    public static OnnxRuntimeGraph Build(AllocationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        OrtGraph graph = model.Graph;
        MemoryGraphBuilder builder = new();
        for (int node = 0; node < graph.NodeCount; node++)
            builder.AddOperator(model.Scratch(node));

        int[] root = Roots(model);
        bool[] isTaken = TakenClasses(model);
        int[] tensorOf = new int[graph.ValueCount];
        for (int value = 0; value < tensorOf.Length; value++)
        {
            bool weightAsOutput = graph.IsGraphOutput(value) && graph.IsWeight(value);
            if (graph.Producer(value) < 0)
            {
                tensorOf[value] = weightAsOutput ? builder.AddTensor(model.Bytes(value), isOutput: true) : -1;
                continue;
            }
            long bytes = root[value] == value ? model.Bytes(value) : 0;
            bool takenOver = model.ShapeClass(value) >= 0 && isTaken[model.ShapeClass(value)];
            bool held = root[value] == value &&
                (graph.IsGraphOutput(value) || (graph.UseCount(value) == 0 && !takenOver && !MayShare(model, value)));
            tensorOf[value] = builder.AddTensor(bytes, held);
        }
        for (int node = 0; node < graph.NodeCount; node++)
        {
            foreach (int value in graph.Outputs(node))
            {
                if (value >= 0)
                    builder.Writes(node, tensorOf[value]);
            }
        }
        for (int node = 0; node < graph.NodeCount; node++)
        {
            foreach (int value in graph.Uses(node))
            {
                if (graph.Producer(value) >= 0)
                    builder.Reads(node, tensorOf[value]);
                if (graph.Producer(root[value]) >= 0 && graph.Producer(root[value]) != node)
                    builder.Reads(node, tensorOf[root[value]]);
            }
            AllowInPlace(model, builder, node, root, tensorOf);
        }
        return new OnnxRuntimeGraph(builder.Build(), tensorOf, root);
    }

    /// <summary>For each value the first owner of its buffer, as far as that does not depend on the order.</summary>
    private static int[] Roots(AllocationModel model)
    {
        OrtGraph graph = model.Graph;
        int[] root = new int[graph.ValueCount];
        for (int value = 0; value < root.Length; value++)
            root[value] = value;
        foreach (int node in ExecutionOrder.Of(graph))
        {
            ReadOnlySpan<int> outputs = graph.Outputs(node);
            for (int k = 0; k < outputs.Length; k++)
            {
                if (outputs[k] < 0 || graph.IsGraphOutput(outputs[k]))
                    continue;
                int shared = model.AliasOf(node, k);
                if (shared < 0 && outputs.Length > 1 && model.InPlaceOf(node, k).Length > 0)
                    shared = model.InPlaceOf(node, k)[0];
                if (shared >= 0)
                    root[outputs[k]] = root[shared];
            }
        }
        return root;
    }

    /// <summary>Shape classes of which some value takes freed buffers.</summary>
    private static bool[] TakenClasses(AllocationModel model)
    {
        bool[] isTaken = new bool[model.ShapeClassCount];
        OrtGraph graph = model.Graph;
        for (int value = 0; value < graph.ValueCount; value++)
        {
            if (graph.Producer(value) >= 0 && graph.UseCount(value) > 0 && !graph.IsGraphOutput(value) && model.TakesFreed(value))
                isTaken[model.ShapeClass(value)] = true;
        }
        return isTaken;
    }

    private static bool MayShare(AllocationModel model, int value)
    {
        int node = model.Graph.Producer(value);
        int output = model.Graph.Outputs(node).IndexOf(value);
        return model.InPlaceOf(node, output).Length > 0;
    }

    private static void AllowInPlace(AllocationModel model, MemoryGraphBuilder builder, int node, int[] root, int[] tensorOf)
    {
        OrtGraph graph = model.Graph;
        ReadOnlySpan<int> outputs = graph.Outputs(node);
        if (outputs.Length != 1 || outputs[0] < 0 || graph.IsGraphOutput(outputs[0]) || root[outputs[0]] != outputs[0])
            return;
        foreach (int input in model.InPlaceOf(node, 0))
        {
            int owner = root[input];
            if (graph.Producer(owner) >= 0 && !graph.IsGraphOutput(owner) && model.ShapeClass(input) >= 0 &&
                model.ShapeClass(input) == model.ShapeClass(outputs[0]) && model.Bytes(owner) == model.Bytes(outputs[0]))
            {
                builder.AllowInPlace(node, tensorOf[owner]);
            }
        }
    }
}
