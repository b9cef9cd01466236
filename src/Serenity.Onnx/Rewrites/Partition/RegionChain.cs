using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// All regions that end in one step and are cut along one axis of it. What belongs to them, and what their pieces make, depends on what is behind a step alone: a region that begins
/// further up is one that begins later with more steps before it. So one table serves all of them, and the time that pieces add at least is a sum that grows step by step.
/// </summary>
internal sealed class RegionChain
{
    private readonly PartitionGraph _graph;
    private readonly PieceTime _time;
    private readonly PieceBytes _bytes;
    private readonly int _from;
    private readonly NodeRegion?[] _rules;

    // The members from the last one upwards, and how many of them there are from each step on.
    private readonly int[] _members, _count;
    private readonly int _stableFrom;
    private readonly Numbered?[] _numbers;
    private Values? _values;

    /// <summary>Finds the members.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="time">Prices of pieces.</param>
    /// <param name="bytes">What pieces take.</param>
    /// <param name="from">The first step that may belong to it.</param>
    /// <param name="last">Its end.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="numbers">How many numbers of pieces are tried.</param>
    public RegionChain(PartitionGraph graph, PieceTime time, PieceBytes bytes, int from, int last, int axis, int numbers)
    {
        (_graph, _time, _bytes, _from) = (graph, time, bytes, from);
        _rules = CutRegion.Members(graph, from, last, axis);
        _count = new int[_rules.Length];
        _numbers = new Numbered?[numbers];
        List<int> members = [];
        bool stable = true;
        _stableFrom = from;
        for (int p = last; p >= from; p--)
        {
            if (_rules[p - from] is { } rule)
            {
                members.Add(p);
                if (stable && !PartitionBound.MayBeStable(rule))
                    (stable, _stableFrom) = (false, p + 1);
            }
            _count[p - from] = members.Count;
        }
        _members = [.. members];
    }

    /// <summary>True if a region may begin in a step, and its pieces may round as the whole does.</summary>
    public bool MayBegin(int first) => first >= _stableFrom && _rules[first - _from] is not null;

    /// <summary>Rules of the members by step, from a step on; null for what is none.</summary>
    public ReadOnlySpan<NodeRegion?> From(int first) => _rules.AsSpan(first - _from);

    /// <summary>Predicted time that so many pieces of the region which begins in a step add, without slices and joins; not a number where there are no such pieces, or none that round as
    /// the whole does.</summary>
    /// <param name="first">The step.</param>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="index">Its index among those that are tried.</param>
    public double AtLeast(int first, int pieces, int index)
    {
        _values ??= new Values(this);
        Numbered number = _numbers[index] ??= new Numbered(pieces, _members.Length, _values.Count);
        int count = _count[first - _from];
        while (number.Known < count && !number.HasEnded)
            Extend(number);
        if (number.Known < count)
            return double.NaN;
        double time = number.Added[count - 1];
        // A slice of what is made before the region is one slice with that of the piece.
        foreach ((int member, int sliced, double less) in number.Narrowed)
        {
            if (member < count && sliced < first)
                time -= less;
        }
        return time;
    }

    /// <summary>Bytes that pieces need at least beside what the region reads from outside, where <see cref="AtLeast"/> was asked for the same before.</summary>
    /// <param name="first">The step in which the region begins.</param>
    /// <param name="index">Index of the number of pieces among those that are tried.</param>
    public long BytesOf(int first, int index) => _numbers[index] is { } number && number.Known >= _count[first - _from] ? number.Bytes[_count[first - _from] - 1] : 0;

    /// <summary>Adds the next member upwards.</summary>
    private void Extend(Numbered number)
    {
        int member = number.Known, node = _members[member];
        NodeRegion rule = _rules[node - _from]!;
        int[] inputs = _graph.Inputs[node], outputs = _graph.Outputs[node];
        int first = _values!.FirstOf[member];
        int[] read = _values.OfInput[member];
        Span<long> handed = outputs.Length <= 16 ? stackalloc long[outputs.Length] : new long[outputs.Length];
        handed.Clear();
        int sliced = rule.Inputs.Length > 0 && rule.Inputs[0].IsCut && inputs[0] >= 0 && _graph.MayNarrow(node, rule.Inputs[0].Axis) ? _graph.Producer[inputs[0]] : int.MaxValue;
        bool outside = sliced != int.MaxValue && read[0] < 0;
        double time = 0, narrowed = 0;
        long bytes = member > 0 ? number.Bytes[member - 1] : 0;
        for (int piece = 0; piece < number.Pieces; piece++)
        {
            Interval wanted = default;
            for (int k = 0; k < outputs.Length; k++)
            {
                Interval asked = number.Asked[first + k] is { } known ? known[piece] : default;
                switch (_values.Leaves[first + k])
                {
                    case Leaving.ForGood:
                        Interval share = PieceTable.Share(rule, piece, number.Pieces);
                        if (share.IsEmpty)
                        {
                            number.HasEnded = true;
                            return;
                        }
                        asked = asked.Hull(share);
                        break;
                    case Leaving.Too:
                        Interval left = PieceTable.Left(rule, asked, handed[k], piece == number.Pieces - 1);
                        handed[k] = left.End;
                        asked = asked.Hull(left);
                        break;
                }
                wanted = wanted.Hull(asked);
            }
            Interval made = wanted.IsEmpty ? default : rule.MadeFor(wanted);
            if (wanted.IsEmpty || rule.Allows?.Invoke(made) == false || _graph.IsHalf[node] || rule.Stable?.Invoke(made) == false)
            {
                number.HasEnded = true;
                return;
            }
            for (int i = 0; i < rule.Inputs.Length; i++)
            {
                if (inputs[i] < 0 || !rule.Inputs[i].IsCut)
                    continue;
                Interval needed = rule.Needed(i, made, _graph.Dims[inputs[i]][rule.Inputs[i].Axis]);
                if (needed.IsEmpty)
                {
                    number.HasEnded = true;
                    return;
                }
                if (read[i] >= 0)
                {
                    Interval[] asked = number.Asked[read[i]] ??= new Interval[number.Pieces];
                    asked[piece] = asked[piece].Hull(needed);
                }
            }
            if (member == 0 && _values.Leaves[0] == Leaving.ForGood)
                number.HandedOut[piece] = _bytes.HandedOut(node, rule, PieceTable.Share(rule, piece, number.Pieces).Start);
            if (piece < number.Pieces - 1)
                bytes = Math.Max(bytes, number.HandedOut[piece] + _bytes.Of(node, rule, made));
            double price = _time.OfPiece(node, rule, made, outside);
            time += price;
            if (sliced != int.MaxValue && !outside)
                narrowed += price - _time.OfPiece(node, rule, made, narrows: true);
        }
        if (sliced != int.MaxValue && !outside)
            number.Narrowed.Add((member, sliced, narrowed));
        number.Added[member] = (member > 0 ? number.Added[member - 1] : 0) + time - _graph.Nanoseconds[node];
        number.Bytes[member] = bytes;
        number.Known++;
        // Nobody asks for them any more.
        for (int k = 0; k < outputs.Length; k++)
            number.Asked[first + k] = null;
    }

    private enum Leaving
    {
        Not,

        /// <summary>The region reads it too.</summary>
        Too,

        ForGood,
    }

    /// <summary>The values that members make, numbered.</summary>
    private sealed class Values
    {
        public Values(RegionChain chain)
        {
            PartitionGraph graph = chain._graph;
            int[] members = chain._members;
            int last = chain._from + chain._rules.Length - 1;
            bool IsMember(int step) => step >= chain._from && step <= last && chain._rules[step - chain._from] is not null;
            FirstOf = new int[members.Length];
            OfInput = new int[members.Length][];
            List<Leaving> leaves = [];
            for (int member = 0; member < members.Length; member++)
            {
                FirstOf[member] = leaves.Count;
                foreach (int value in graph.Outputs[members[member]])
                {
                    bool inside = false, outside = value >= 0 && graph.IsOutput[value];
                    foreach (int reader in value < 0 ? [] : graph.Readers[value])
                    {
                        inside |= IsMember(reader);
                        outside |= !IsMember(reader);
                    }
                    leaves.Add(!outside ? Leaving.Not : inside ? Leaving.Too : Leaving.ForGood);
                }
            }
            Leaves = [.. leaves];
            for (int member = 0; member < members.Length; member++)
            {
                int[] inputs = graph.Inputs[members[member]], made = OfInput[member] = new int[inputs.Length];
                for (int i = 0; i < inputs.Length; i++)
                {
                    int producer = inputs[i] < 0 ? -1 : graph.Producer[inputs[i]];
                    made[i] = IsMember(producer) ? FirstOf[chain._count[producer - chain._from] - 1] + Array.IndexOf(graph.Outputs[producer], inputs[i]) : -1;
                }
            }
        }

        public int Count => Leaves.Length;

        /// <summary>By member: the number of its first output.</summary>
        public int[] FirstOf { get; }

        /// <summary>By member and input: the number of what is read; -1 for what no member makes.</summary>
        public int[][] OfInput { get; }

        /// <summary>Whether each leaves the region.</summary>
        public Leaving[] Leaves { get; }
    }

    /// <summary>What is known of one number of pieces.</summary>
    private sealed class Numbered(int pieces, int members, int values)
    {
        public int Pieces => pieces;

        /// <summary>Members that are known.</summary>
        public int Known { get; set; }

        /// <summary>True if there are no such pieces with the next member.</summary>
        public bool HasEnded { get; set; }

        /// <summary>By member: time added by it and all behind it.</summary>
        public double[] Added { get; } = new double[members];

        /// <summary>By member: bytes that a piece but the last needs for it or one behind it.</summary>
        public long[] Bytes { get; } = new long[members];

        /// <summary>By piece: bytes of the end that those before it have handed out.</summary>
        public long[] HandedOut { get; } = new long[pieces];

        /// <summary>By value, then by piece: the positions asked for by members that are known; null where none are.</summary>
        public Interval[]?[] Asked { get; } = new Interval[values][];

        /// <summary>Slices that may cut the axis themselves: the member, the step that makes what it slices, and by how much less the pieces then take.</summary>
        public List<(int Member, int Sliced, double Less)> Narrowed { get; } = [];
    }
}
