using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Partition;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// Live bytes of a rolling program by the rules of an arena: other names and concats are views, which keep what they show; operators of one operand work in place;
/// a row is live from the step that makes it to the last that reads it.
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="rules">Which nodes can be run row by row.</param>
internal sealed class RollingBytes(PartitionGraph graph, RowRules rules)
{
    private int[] _lastUse = [];
    private long[] _bytes = [], _released = [];

    /// <summary>The most that is live at a step of the program.</summary>
    /// <param name="program">The program.</param>
    public long Peak(RollingProgram program)
    {
        int steps = program.Steps.Count, items = program.ItemCount;
        if (_lastUse.Length < items)
            (_lastUse, _bytes) = (new int[items * 2], new long[items * 2]);
        if (_released.Length < steps + 1)
            _released = new long[(steps * 2) + 1];
        Array.Fill(_lastUse, -1, 0, items);
        Array.Clear(_bytes, 0, items);
        Array.Clear(_released, 0, steps + 1);

        // What is read behind the interval is there to its end.
        for (int value = 0; value < graph.ValueCount; value++)
        {
            if (graph.IsOutput[value] || graph.Readers[value] is [.., int last] && last > program.Last)
                Use(program.Whole(value), steps);
        }
        for (int s = steps - 1; s >= 0; s--)
            Uses(program, s);
        for (int p = program.First - 1; p >= 0; p--)
        {
            if (rules.IsView[p])
                UsesOfView(program, p);
        }
        long live = 0;
        for (int value = 0; value < graph.ValueCount; value++)
        {
            if (graph.Producer[value] < program.First && !(graph.Producer[value] is >= 0 and int p && rules.IsView[p]) && BytesOf(value) > 0)
                live += Arrive(program.Whole(value), BytesOf(value));
        }
        foreach (RowRead slices in program.SlicesBefore())
            live += Arrive(slices, graph.Values.TypeOf(graph.Name(slices.Value))!.Bytes);
        long peak = live;
        for (int s = 0; s < steps; s++)
        {
            live += Run(program, s);
            peak = Math.Max(peak, live);
            live -= _released[s];
        }
        return peak;
    }

    private long BytesOf(int value) =>
        rules.Sharing.IsOutside(graph.Name(value)) ? 0
        : graph.Producer[value] >= 0 ? graph.Bytes[value]
        : graph.Readers[value].Length > 0 || graph.IsOutput[value] ? graph.Values.TypeOf(graph.Name(value))?.Bytes ?? 0 : 0;

    private void Use(RowRead read, int step)
    {
        for (int item = read.Base + read.From; item < read.Base + read.To; item++)
            _lastUse[item] = Math.Max(_lastUse[item], step);
    }

    /// <summary>What a step reads is needed until it, or for as long as the view that it makes.</summary>
    private void Uses(RollingProgram program, int s)
    {
        RollingStep step = program.Steps[s];
        if (step.Node < 0)
        {
            Use(program.Whole(step.Value), s);
            return;
        }
        int until = rules.IsView[step.Node] ? Math.Max(s, _lastUse[Made(program, step, 0)]) : s;
        if (step.Atom < 0)
        {
            foreach (int value in graph.Reads[step.Node])
                Use(program.Whole(value), until);
            return;
        }
        for (int i = 0; i < graph.Inputs[step.Node].Length; i++)
        {
            if (program.Read(step, i) is { } read)
                Use(read, until);
        }
    }

    /// <summary>What a view in front of the interval shows is needed as long as the view.</summary>
    private void UsesOfView(RollingProgram program, int node)
    {
        RowRead view = program.Whole(graph.Outputs[node][0]);
        for (int atom = view.From; atom < view.To; atom++)
        {
            if (_lastUse[view.Base + atom] is not (>= 0 and int until))
                continue;
            for (int i = 0; i < graph.Inputs[node].Length; i++)
            {
                RowRead? shown = view.Cuts is not null ? program.Read(new RollingStep(node, -1, atom, RollingProgram.Before), i)
                    : graph.Inputs[node][i] is >= 0 and int input ? program.Whole(input) : null;
                if (shown is { } read)
                    Use(read, until);
            }
        }
    }

    /// <summary>What is there when the interval begins, and when it goes.</summary>
    private long Arrive(RowRead all, long bytes)
    {
        long sum = 0;
        for (int atom = all.From; atom < all.To; atom++)
        {
            int item = all.Base + atom;
            if (_lastUse[item] < 0)
                continue;
            _bytes[item] = all.Cuts is { } cuts && cuts.Atoms.Length > 0 ? bytes * cuts.Atoms[atom].Length / graph.Dims[all.Value][rules.Axis[all.Value]] : bytes;
            sum += _bytes[item];
            _released[_lastUse[item]] += _bytes[item];
        }
        return sum;
    }

    /// <summary>Bytes that a step adds; what it takes over is released when its result is.</summary>
    private long Run(RollingProgram program, int s)
    {
        RollingStep step = program.Steps[s];
        if (step.Node < 0)
        {
            int item = program.BaseOfSlices(step.Group, step.Value) + step.Atom;
            TensorType type = graph.Values.TypeOf(graph.Name(step.Value))!;
            _bytes[item] = type.Bytes * program.Made(step).Length / type.Dims[rules.Axis[step.Value]];
            _released[Math.Max(s, _lastUse[item])] += _bytes[item];
            return _bytes[item];
        }
        if (rules.IsView[step.Node])
            return 0;
        long added = 0;
        for (int k = 0; k < graph.Outputs[step.Node].Length; k++)
        {
            if (graph.Outputs[step.Node][k] < 0)
                continue;
            int item = Made(program, step, k), value = graph.Outputs[step.Node][k];
            long bytes = step.Atom < 0 ? graph.Bytes[value] : graph.Bytes[value] * program.Made(step).Length / graph.Dims[value][rules.Axis[value]];
            _bytes[item] = bytes;
            int until = Math.Max(s, _lastUse[item]);
            _released[until] += bytes;
            if (k == 0 && TakenOver(program, step, s, bytes) is >= 0 and int from)
            {
                _released[s] -= _bytes[from];
                continue;
            }
            added += bytes;
        }
        return added;
    }

    /// <summary>The atom, or value, whose buffer a step's first output takes over; -1 for none.</summary>
    private int TakenOver(RollingProgram program, RollingStep step, int s, long bytes)
    {
        int input = rules.Sharing.InPlaceInput(graph.Nodes[step.Node], name => rules.Sharing.IsOutside(name) && !ReadsSlice(program, step, name));
        if (input < 0 || graph.Inputs[step.Node][input] < 0)
            return -1;
        RowRead? read = step.Atom < 0 ? program.Whole(graph.Inputs[step.Node][input]) : program.Read(step, input);
        if (read is { } only && only.To - only.From == 1 && only.Base + only.From is var item && _bytes[item] == bytes && _lastUse[item] == s)
            return item;
        return -1;
    }

    /// <summary>True if a step reads rows of a whole value, which were copied into the arena wherever the value lies.</summary>
    private bool ReadsSlice(RollingProgram program, RollingStep step, string name)
    {
        for (int i = 0; step.Atom >= 0 && i < graph.Inputs[step.Node].Length; i++)
        {
            if (graph.Inputs[step.Node][i] is >= 0 and int value && graph.Name(value) == name && program.Read(step, i) is { Cuts: not null })
                return true;
        }
        return false;
    }

    private int Made(RollingProgram program, RollingStep step, int output) => program.BaseOf(graph.Outputs[step.Node][output]) + Math.Max(0, step.Atom);
}
