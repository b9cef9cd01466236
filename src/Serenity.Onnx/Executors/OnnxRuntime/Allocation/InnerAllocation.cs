namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>What a control-flow node holds besides its outputs at some moment while it runs.</summary>
/// <param name="Bytes">Bytes.</param>
/// <param name="Pending">Bit k is set if output k is not allocated yet; outputs beyond the 64th count as allocated from the start.</param>
internal readonly record struct InnerMoment(long Bytes, ulong Pending);

/// <summary>
/// What a control-flow node allocates and frees while it runs. One way of running it for each branch that it may take, or each number of
/// rounds; where the model alone says which, there is one way. Each way is a list of moments.
/// </summary>
internal sealed class InnerAllocation
{
    private readonly InnerMoment[][] _ways, _bounds;

    /// <summary>Creates the allocation.</summary>
    /// <param name="ways">The moments of each way, in any order.</param>
    /// <param name="bounds">The same for the most expensive ways if every liberty is granted that ONNX Runtime's plan may take.</param>
    public InnerAllocation(IEnumerable<IEnumerable<InnerMoment>> ways, IEnumerable<IEnumerable<InnerMoment>> bounds)
    {
        _ways = [.. ways.Select(Largest)];
        _bounds = [.. bounds.Select(Largest)];
    }

    /// <summary>Most bytes on top of what is held when the node ends, on the most expensive way.</summary>
    /// <param name="fresh">For each output the bytes that are allocated for it while the node runs; 0 for one that takes over a buffer.</param>
    public long Most(ReadOnlySpan<long> fresh) => Largest(_ways, fresh);

    /// <summary>What <see cref="Most"/> is at least, whatever ONNX Runtime knows of shapes when it plans.</summary>
    public long Bound(ReadOnlySpan<long> fresh) => Largest(_bounds, fresh);

    /// <summary>The same on the cheapest way.</summary>
    public long Least(ReadOnlySpan<long> fresh)
    {
        long least = long.MaxValue;
        foreach (InnerMoment[] way in _ways)
            least = Math.Min(least, Of(way, fresh));
        return _ways.Length == 0 ? 0 : least;
    }

    private static long Largest(InnerMoment[][] ways, ReadOnlySpan<long> fresh)
    {
        long most = 0;
        foreach (InnerMoment[] way in ways)
            most = Math.Max(most, Of(way, fresh));
        return most;
    }

    private static long Of(InnerMoment[] way, ReadOnlySpan<long> fresh)
    {
        long most = 0;
        foreach (InnerMoment moment in way)
        {
            long bytes = moment.Bytes;
            for (int k = 0; k < Math.Min(fresh.Length, 64); k++)
                bytes -= (moment.Pending >> k & 1) != 0 ? fresh[k] : 0;
            most = Math.Max(most, bytes);
        }
        return most;
    }

    /// <summary>For each set of pending outputs, only the moment of most bytes counts.</summary>
    private static InnerMoment[] Largest(IEnumerable<InnerMoment> moments) =>
        [.. moments.GroupBy(moment => moment.Pending).Select(group => new InnerMoment(group.Max(moment => moment.Bytes), group.Key))];
}
