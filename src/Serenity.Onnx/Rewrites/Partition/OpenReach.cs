using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// What pieces of a region along an axis with a range ask of each value: positions that follow from the borders between pieces by a factor and a number, at every size alike. So lengths of pieces
/// are formulas, and what a piece states is the same at all sizes. See docs/ranges.md.
/// </summary>
/// <remarks>
/// With borders b(i), the piece from b to c asks for the positions <c>Times * b + Low</c> up to and with <c>Times * (c - 1) + High</c> of a value, if it is neither the first, which begins where
/// the value does, nor the last, which ends there. That holds as long as no piece between reaches over an end, which is so at all sizes if it is so at the least: the first border, what follows
/// the last one, and what is between two grow with the size.
/// </remarks>
internal sealed class OpenReach
{
    private readonly CutRegion _region;
    private readonly Dictionary<int, Span> _spans = [];
    private readonly long _least;
    private bool _isOne;

    private OpenReach(CutRegion region)
    {
        (_region, PartitionGraph graph) = (region, region.Graph);
        NodeRegion end = region.RuleOf(graph.Producer[region.Sinks[^1]]);
        (Extent, Unit) = (end.OpenExtent ?? SizeExpression.Zero, end.Multiple);
        _isOne = end.OpenExtent is not null;
        _least = graph.LeastOf(Extent) ?? 0;
        for (int index = region.Nodes.Length - 1; index >= 0; index--)
        {
            (int node, NodeRegion rule) = (region.Nodes[index], region.Rules[index]);
            HasWindows |= rule.WindowStableFrom is not null || rule.StableFrom > Unit;
            Span? made = null;
            foreach (int value in graph.Outputs[node])
            {
                if (value < 0)
                    continue;
                Span? asked = _spans.TryGetValue(value, out Span known) ? known : null;
                if (Array.IndexOf(region.Sinks, value) >= 0)
                {
                    // Shares of another axis begin elsewhere.
                    _isOne &= Extent.Equals(rule.OpenExtent) && Unit == rule.Multiple;
                    asked = With(asked, new Span(1, 0, 0, 0));
                }
                else if (asked is { } inside && Array.IndexOf(region.Exits, value) >= 0)
                {
                    // What is handed out follows on what the piece before has handed out.
                    asked = inside with { Low = Math.Min(inside.Low, inside.High + 1 - inside.Times) };
                }
                if (asked is { } part)
                    made = With(made, part);
            }
            if (made is not { } all)
                continue;
            foreach (int value in graph.Outputs[node])
            {
                if (value >= 0)
                    _spans[value] = all;
            }
            for (int i = 0; i < rule.Inputs.Length; i++)
            {
                int input = graph.Inputs[node][i];
                if (input < 0 || !rule.Inputs[i].IsCut || graph.IsConstant[input])
                    continue;
                _spans[input] = With(_spans.TryGetValue(input, out Span known) ? known : null, all.Through(rule.Inputs[i]))!.Value;
            }
        }
    }

    /// <summary>What pieces of a region reach; null where its axis has one size.</summary>
    public static OpenReach? Of(CutRegion region) => Array.Exists(region.Rules, rule => rule.OpenExtent is not null) ? new OpenReach(region) : null;

    /// <summary>Positions that are shared out.</summary>
    public SizeExpression Extent { get; }

    /// <summary>How many stay together.</summary>
    public long Unit { get; }

    /// <summary>True if some piece asks for neighbours, or rounds otherwise where it is small.</summary>
    public bool HasWindows { get; }

    /// <summary>Positions of a value for each that is shared out.</summary>
    public long Times(int value) => _spans[value].Times;

    /// <summary>True if there are so many pieces at all sizes, and each of them rounds as the whole does. Without windows some may be empty.</summary>
    public bool Allows(int pieces)
    {
        if (!_isOne)
            return false;
        if (!HasWindows)
            return true;
        // The first piece, and any between two borders, has this many positions or more; and the last one so many.
        long units = _least / Unit, each = Unit * (units / pieces), last = Unit * ((units + pieces - 1) / pieces);
        if (each == 0)
            return false;
        for (int index = 0; index < _region.Nodes.Length; index++)
        {
            (int node, NodeRegion rule) = (_region.Nodes[index], _region.Rules[index]);
            foreach (int value in _region.Graph.Outputs[node])
            {
                if (value >= 0 && _spans[value].LeastLength(each, last) < Math.Max(rule.StableFrom, 1))
                    return false;
            }
        }
        foreach (Span span in _spans.Values)
        {
            if (!span.LiesInside(each, last))
                return false;
        }
        return true;
    }

    private Span? With(Span? asked, Span other)
    {
        if (asked is not { } known)
            return other;
        _isOne &= known.Times == other.Times;
        return known with { Low = Math.Min(known.Low, other.Low), High = Math.Max(known.High, other.High), Tail = Math.Max(known.Tail, other.Tail) };
    }

    /// <summary>What pieces ask of one value.</summary>
    /// <param name="Times">Positions for each that is shared out.</param>
    /// <param name="Low">Where a piece begins, beside so many times its border.</param>
    /// <param name="High">Its last position, beside so many times the last one shared out.</param>
    /// <param name="Tail">The value's last position is at least so far behind as many times the last one that there is.</param>
    private readonly record struct Span(long Times, long Low, long High, long Tail)
    {
        /// <summary>What that needs of an input.</summary>
        public Span Through(InputPart input) =>
            new(Times * input.Map.Mul, (Low * input.Map.Mul) + input.Map.Low, (High * input.Map.Mul) + input.Map.High, (Tail * input.Map.Mul) + input.Map.High - input.After);

        /// <summary>The fewest positions of any piece.</summary>
        public long LeastLength(long each, long last) => Math.Min(Math.Min((Times * (each - 1)) + High + 1, (Times * (each - 1)) + High - Low + 1), (Times * (last - 1)) + Tail - Low + 1);

        /// <summary>True if only the first piece has the first position, and only the last one the last.</summary>
        public bool LiesInside(long each, long last) => (Times * each) + Low > 0 && Times * last > High - Tail;
    }
}
