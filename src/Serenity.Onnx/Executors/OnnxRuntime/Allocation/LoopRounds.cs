using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// What a Loop holds round by round: its counter (8 bytes) and first condition (1), what the round before handed on, what all rounds
/// gave for outputs that collect, and the round's own run. At the end all of it is still there when the Loop's outputs are
/// allocated and filled. An output of the body that is an Identity of what comes in from outside is no copy of it.
/// </summary>
internal static class LoopRounds
{
    /// <summary>The output has a buffer of its own.</summary>
    public const int Own = -2;

    /// <summary>The output is another name for a value from outside the loop.</summary>
    public const int Outside = -1;

    /// <summary>The input of the body that an output is another name for, or <see cref="Own"/> or <see cref="Outside"/>.</summary>
    public static int SharedInput(GraphProto body, string output)
    {
        NodeProto? writer = body.Node.FirstOrDefault(node => node.Output.Contains(output));
        string source = output;
        if (writer is not null)
        {
            if (!writer.IsIdentity() || body.Node.Any(node => node.Output.Contains(writer.Input[0])))
                return Own;
            source = writer.Input[0];
        }
        if (body.Initializer.Any(tensor => tensor.Name == source))
            return Own;
        int input = body.Input.ToList().FindIndex(value => value.Name == source);
        // The counter's memory counts on in the next round, so it is copied.
        return input == 0 ? Own : input > 0 ? input : Outside;
    }

    /// <summary>
    /// The numbers of rounds that a run of a loop without collecting outputs may take and that cost different amounts; one if the model
    /// alone says how many.
    /// </summary>
    public static long[] Possible(NodeProto loop, GraphProto body, int carried, Func<string, TensorProto?> constant)
    {
        if (LoopTripCount.Exact(loop, body, constant) is { } exact)
            return [exact];
        // From this round on each costs the same.
        long most = Math.Min(LoopTripCount.Most(loop, constant) ?? long.MaxValue, carried + 3);
        return [.. Enumerable.Range(0, (int)most + 1).Select(rounds => (long)rounds)];
    }

    /// <summary>The moments of a loop of so many rounds.</summary>
    /// <param name="run">The body's run.</param>
    /// <param name="profile">Its bytes by step.</param>
    /// <param name="shared">For each output of the body what it shares.</param>
    /// <param name="carried">Number of values handed on, the condition not counted.</param>
    /// <param name="rounds">Number of rounds.</param>
    public static IEnumerable<InnerMoment> Moments(BodyRun run, long[] profile, int[] shared, int carried, long rounds)
    {
        const long counter = 8, condition = 1;
        ulong allOutputs = ulong.MaxValue;
        if (rounds == 0)
            return [new InnerMoment(counter + condition, 0)];

        // Buffers by number; -1 for what belongs to others.
        List<long> bytes = [counter, condition];
        int[] feeds = [0, 1, .. Enumerable.Repeat(-1, carried)];
        int[] fetched = [];
        List<int> collected = [];
        long peak = profile.Max(), before = 0, atStart = 0;
        List<InnerMoment> moments = [];
        // After as many rounds as there are values handed on, each round holds as much more than the one before as it collects.
        long simulated = Math.Min(rounds, carried + 3);
        for (long round = 0; round < simulated; round++)
        {
            if (round > 0)
            {
                collected.AddRange(fetched.AsSpan(carried + 1));
                fetched.AsSpan(0, carried + 1).CopyTo(feeds.AsSpan(1));
            }
            before = atStart;
            atStart = Held(bytes, [0, .. feeds, .. collected]);
            moments.Add(new InnerMoment(atStart + peak, allOutputs));
            fetched = Fetch(run, shared, feeds, bytes);
        }
        long more = (rounds - simulated) * (atStart - before);
        moments.Add(new InnerMoment(atStart + peak + more, allOutputs));
        moments.Add(new InnerMoment(Held(bytes, [0, .. feeds, .. collected, .. fetched]) + more, 0));
        return moments;
    }

    /// <summary>The buffers of a round's outputs. Outputs of one name are one buffer.</summary>
    private static int[] Fetch(BodyRun run, int[] shared, int[] feeds, List<long> bytes)
    {
        int[] fetched = new int[shared.Length];
        Dictionary<string, int> own = new(StringComparer.Ordinal);
        for (int j = 0; j < shared.Length; j++)
        {
            string name = run.Body.Output[j].Name;
            if (shared[j] != Own)
            {
                fetched[j] = shared[j] == Outside ? -1 : feeds[shared[j]];
            }
            else if (!own.TryGetValue(name, out fetched[j]))
            {
                own.Add(name, fetched[j] = bytes.Count);
                bytes.Add(run.OutputBytes(j));
            }
        }
        return fetched;
    }

    private static long Held(List<long> bytes, int[] buffers)
    {
        long held = 0;
        foreach (int buffer in buffers.Where(buffer => buffer >= 0).Distinct())
            held += bytes[buffer];
        return held;
    }
}
