using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>A veiled model and its cost in one order.</summary>
/// <param name="Model">The veiled model, not pinned yet.</param>
/// <param name="Graph">Its graph, the order in it, and its shapes.</param>
/// <param name="Plan">What ONNX Runtime allocates.</param>
/// <param name="Allocations">Sizes and rules, and what ONNX Runtime still knows of shapes.</param>
internal sealed record VeiledPlan(ModelProto Model, VeiledGraph Graph, AllocationPlan Plan, AllocationModel Allocations)
{
    /// <summary>The plan for another order.</summary>
    /// <param name="order">The order, as nodes of the veiled graph.</param>
    public VeiledPlan InOrder(int[] order) => order.AsSpan().SequenceEqual(Graph.Order) ? this
        : this with { Graph = Graph with { Order = order }, Plan = new AllocationSimulator(Allocations).Plan(order) };

    /// <summary>The same allocations in terms of the graph before the veil, whose nodes allocate nothing: their steps are left out.</summary>
    /// <param name="source">The graph before the veil.</param>
    /// <param name="order">The order, as nodes of <paramref name="source"/>.</param>
    public AllocationPlan OnSource(OrtGraph source, int[] order)
    {
        OrtGraph veiled = Graph.Index;
        bool[] stays = Array.ConvertAll(Plan.Order, node => !ShapeVeil.IsVeil(veiled.Node(node)));
        int[] before = new int[stays.Length + 1];
        for (int step = 0; step < stays.Length; step++)
            before[step + 1] = before[step] + (stays[step] ? 1 : 0);
        int last = Math.Max(0, order.Length - 1);
        int[] bufferOf = new int[source.ValueCount];
        for (int value = 0; value < bufferOf.Length; value++)
        {
            int there = veiled.Find(source.Name(value));
            bufferOf[value] = there < 0 ? -1 : Plan.BufferOf[there];
        }
        return Plan with
        {
            Order = order,
            Profile = [.. Plan.Profile.Where((_, step) => stays[step])],
            Inner = [.. Plan.Inner.Where((_, step) => stays[step])],
            LeastProfile = [.. Plan.LeastProfile.Where((_, step) => stays[step])],
            Buffers = Array.ConvertAll(Plan.Buffers, buffer => new PlannedBuffer(
                source.Find(veiled.Name(buffer.Owner)), buffer.Bytes, Math.Min(before[buffer.FirstStep], last),
                Math.Max(0, before[buffer.LastStep + 1] - 1))),
            BufferOf = bufferOf,
        };
    }
}

/// <summary>
/// Decides for one order which buffers' shapes to hide: the fewest steps that bring the simulated peak down to what the tensors need.
/// Then asks ONNX Runtime what it still infers, so that the cost stays exact whatever that is.
/// </summary>
internal sealed class VeiledPlanner
{
    private const int FirstOpset = 5;

    /// <summary>How often a veil over all activations is drawn anew, over what ONNX Runtime knew all the same.</summary>
    private const int MostRounds = 4;

    private readonly PlanningProblem _problem;
    private readonly OrtGraph _graph;
    private readonly ShapeTable _shapes;
    private readonly PlannedShapes _foreseen;
    private readonly int[] _order;
    private readonly AllocationPlan _wanted;
    private readonly Lazy<AllocationModel> _shown;

    /// <summary>Prepares the veil for the schedule of least live peak.</summary>
    public VeiledPlanner(PlanningProblem problem)
    {
        _problem = problem;
        _graph = problem.Graph;
        _shapes = problem.Shapes;
        _foreseen = PlannedShapes.AllOf(_shapes);
        _order = problem.Least.Order;
        _wanted = new AllocationSimulator(problem.AllShapes, reusesFreed: false).Plan(_order);
        _shown = new(() => Anew(new int[_graph.ValueCount]));
    }

    /// <summary>The peak without any reuse of freed buffers: what a veil may bring it down to.</summary>
    public long WantedPeak => _wanted.Peak;

    /// <summary>
    /// What the veil is to come to, if ONNX Runtime infers nothing behind it: it is not asked.
    /// </summary>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <returns>Null where not even then the peak comes down to <see cref="WantedPeak"/>.</returns>
    public AllocationPlan? Foresee(CancellationToken cancellation)
    {
        if (_problem.Opset < FirstOpset)
            return null;
        AllocationPlan plan = new AllocationSimulator(Behind(Hide(true, cancellation))).Plan(_order);
        return plan.Peak <= WantedPeak ? plan : null;
    }

    /// <summary>Draws the veil.</summary>
    /// <param name="fewest">Spend work on hiding fewer buffers.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <returns>The best veil found; null where none can be drawn.</returns>
    public VeiledPlan? TryPlan(bool fewest, CancellationToken cancellation)
    {
        if (_problem.Opset < FirstOpset)
            return null;
        VeiledPlan? best = null, wide = fewest ? TryWide(cancellation) : null;
        foreach (bool shapeValues in new[] { true, false })
        {
            int[] enough = Hide(shapeValues, cancellation), few = fewest ? Unhide(enough, cancellation) : enough;
            // A node for each buffer, and one more at least.
            if (wide is not null && wide.Graph.Nodes <= 1 + _wanted.Buffers.Count(buffer => few[buffer.Owner] != 0))
                return wide;
            foreach (int[] hidden in few == enough ? [enough] : (int[][])[few, enough])
            {
                if (Draw(hidden, ref best, cancellation))
                    return wide is not null && wide.Graph.Nodes < best!.Graph.Nodes ? wide : best;
            }
            if (best is not null)
                return wide ?? best;
        }
        return best;
    }

    /// <summary>Hides all activations, which takes few nodes where many buffers must be hidden.</summary>
    /// <returns>Null where that does not bring the peak down all the way.</returns>
    private VeiledPlan? TryWide(CancellationToken cancellation)
    {
        // Sizes that vary from run to run have names of their own.
        if (_shapes.Formulas is not null || _shapes.Varies.Count > 0)
            return null;
        VeilKnowledge known = new();
        for (int round = 0; round < MostRounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            VeilDrawing drawing = WideVeil.Of(_graph, _shapes, _wanted, IsShapeValue, known);
            if (Planned(ShapeVeil.Draw(_graph, _shapes, _order, drawing), out PlannedShapes? planned) is not { } plan)
                return null;
            if (plan.Plan.Peak <= WantedPeak)
                return plan;
            if (!known.Learn(_graph, _order, drawing.Hidden, planned!))
                return null;
        }
        return null;
    }

    /// <summary>Asks ONNX Runtime what it knows of a veiled graph, and plans with that; null where it does not take the graph.</summary>
    private VeiledPlan? Planned(VeiledGraph veiled, out PlannedShapes? planned)
    {
        ModelProto candidate = ModelCopy.WithGraph(_problem.Model, veiled.Graph);
        planned = PlannedShapesReader.TryRead(candidate, veiled.Shapes);
        if (planned is null)
            return null;
        AllocationModel allocations = new(veiled.Index, veiled.Shapes, planned);
        return new VeiledPlan(candidate, veiled, new AllocationSimulator(allocations).Plan(veiled.Order), allocations);
    }

    /// <summary>Draws one veil in both ways; true if the better one brings the peak down all the way.</summary>
    private bool Draw(int[] hidden, ref VeiledPlan? best, CancellationToken cancellation)
    {
        HashSet<int> owners = [];
        foreach (PlannedBuffer buffer in _wanted.Buffers)
        {
            if (hidden[buffer.Owner] != 0)
                owners.Add(buffer.Owner);
        }
        foreach (bool allInputs in new[] { false, true })
        {
            cancellation.ThrowIfCancellationRequested();
            if (Planned(ShapeVeil.Draw(_graph, _shapes, _order, ShapeVeil.BeforeEach(_graph, _shapes, hidden, owners, allInputs)), out _) is not { } plan)
                continue;
            if (best is null || plan.Plan.Peak < best.Plan.Peak)
                best = plan;
            if (plan.Plan.Peak <= WantedPeak)
                return true;
        }
        return false;
    }

    /// <summary>States shapes again that need not be hidden: of half the hidden buffers, then of ever smaller groups, then one by one.</summary>
    private int[] Unhide(int[] hidden, CancellationToken cancellation)
    {
        const int work = 100_000;
        List<int> symbols = [.. hidden.Where(symbol => symbol != 0).Distinct().Order()];
        int tries = work / Math.Max(1, _graph.NodeCount);
        int[] few = hidden;
        for (int size = symbols.Count / 2; size > 0; size /= 2)
        {
            for (int from = 0; from < symbols.Count && tries > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                tries--;
                HashSet<int> shown = [.. symbols.Skip(from).Take(size)];
                int[] fewer = Array.ConvertAll(few, symbol => shown.Contains(symbol) ? 0 : symbol);
                if (new AllocationSimulator(Behind(fewer)).Peak(_order) <= WantedPeak)
                {
                    few = fewer;
                    symbols.RemoveRange(from, Math.Min(size, symbols.Count - from));
                }
                else
                {
                    from += size;
                }
            }
        }
        return few;
    }

    /// <summary>
    /// Hides buffers until the peak is down, or nothing helps: at the step of the peak, a buffer held that no tensor needs there is held
    /// for a later one, and that one gets hidden.
    /// </summary>
    /// <param name="shapeValues">Also hide the integers that shapes are computed with. It is worth a few bytes, and some models are
    /// refused without them, where ONNX Runtime follows such values to check a node.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <returns>For each value the symbol of its shape, 0 for those that stay known.</returns>
    private int[] Hide(bool shapeValues, CancellationToken cancellation)
    {
        int[] hidden = new int[_graph.ValueCount];
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            AllocationPlan plan = new AllocationSimulator(Behind(hidden)).Plan(_order);
            if (plan.Peak <= WantedPeak)
                return hidden;
            bool found = false;
            for (int step = 0; step < plan.Profile.Length; step++)
            {
                if (plan.Profile[step] > WantedPeak)
                    found |= HideHeldAt(step, plan, hidden, shapeValues);
            }
            if (!found)
                return hidden;
        }
    }

    private bool HideHeldAt(int step, AllocationPlan plan, int[] hidden, bool shapeValues)
    {
        // The next wanted buffer after the step in each buffer that is really held there, unless one covers the step.
        Dictionary<int, int> next = [];
        for (int b = 0; b < _wanted.Buffers.Length; b++)
        {
            PlannedBuffer wanted = _wanted.Buffers[b];
            int held = plan.BufferOf[wanted.Owner];
            if (held < 0 || plan.Buffers[held].FirstStep > step || plan.Buffers[held].LastStep < step || wanted.LastStep < step)
                continue;
            if (wanted.FirstStep <= step)
                next[held] = -1;
            else if (!next.TryGetValue(held, out int other) || (other >= 0 && wanted.FirstStep < _wanted.Buffers[other].FirstStep))
                next[held] = b;
        }
        bool found = false;
        foreach (int b in next.Values)
        {
            if (b >= 0 && hidden[_wanted.Buffers[b].Owner] == 0 && _shapes.IsForeseen(_graph.Name(_wanted.Buffers[b].Owner)) && (shapeValues || !IsShapeValue(_wanted.Buffers[b].Owner)))
            {
                HideBuffer(b, hidden);
                found = true;
            }
        }
        return found;
    }

    private bool IsShapeValue(int value) => _shapes.Find(_graph.Name(value)) is
    {
        Dims.Length: <= 1, ElementType: TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Bool,
    };

    /// <summary>Gives one symbol to the first value of a buffer and to all that is computed from it in place, aliases excepted.</summary>
    private void HideBuffer(int buffer, int[] hidden)
    {
        int owner = _wanted.Buffers[buffer].Owner;
        hidden[owner] = buffer + 1;
        foreach (int node in _order)
        {
            ReadOnlySpan<int> outputs = _graph.Outputs(node);
            for (int k = 0; k < outputs.Length; k++)
            {
                if (outputs[k] < 0 || outputs[k] == owner || _wanted.BufferOf[outputs[k]] != buffer)
                    continue;
                KernelRule rule = KernelRules.Find(_graph.Node(node));
                if (rule.AliasedInput(k) >= 0)
                    continue;
                foreach (BufferShare share in rule.InPlace)
                {
                    if (share.Output == k && share.Input < _graph.Inputs(node).Length && _graph.Inputs(node)[share.Input] is >= 0 and int input &&
                        hidden[input] == buffer + 1)
                    {
                        hidden[outputs[k]] = buffer + 1;
                    }
                }
            }
        }
    }

    /// <summary>Sizes and rules where ONNX Runtime knows all shapes but the hidden ones.</summary>
    private AllocationModel Behind(int[] hidden) => _shown.Value.WithHidden(hidden, _shapes) ?? Anew(hidden);

    /// <summary>The same, built anew.</summary>
    private AllocationModel Anew(int[] hidden)
    {
        Dictionary<string, long[]> dims = new(StringComparer.Ordinal);
        for (int value = 0; value < hidden.Length; value++)
        {
            string name = _graph.Name(value);
            if (_foreseen.Find(name) is not { } known)
                continue;
            dims[name] = hidden[value] == 0 ? known : Array.ConvertAll(known, _ => PlannedShapes.Symbol(hidden[value]));
        }
        return new AllocationModel(_graph, _shapes, new PlannedShapes(dims));
    }
}
