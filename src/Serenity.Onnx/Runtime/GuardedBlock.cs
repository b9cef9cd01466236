using System.Runtime.InteropServices;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// A block of exactly the planned size between two guards, to prove a plan in: the run of a model gets its memory here, call by call. Every byte that is
/// not in use holds a pattern. It is looked at before a place is handed out and at the end, and written again when one is given back; so a
/// kernel that writes what is not its own, or reads what was given back, is found out: by the pattern, or by other outputs.
/// </summary>
internal sealed unsafe class GuardedBlock : IDisposable
{
    private const int GuardBytes = 4096;
    private const byte Pattern = 0xA5;

    private readonly RunBlock _plan;
    private readonly byte* _memory;
    private readonly Dictionary<nint, int> _live = [];
    private int _next;

    /// <summary>Takes the block and its guards.</summary>
    public GuardedBlock(RunBlock plan)
    {
        _plan = plan;
        _memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)(plan.Bytes + 2 * GuardBytes)), GuardBytes);
        Whole.Fill(Pattern);
    }

    /// <summary>The first thing that was not as planned; null if all was.</summary>
    public string? Fault { get; private set; }

    /// <summary>True if memory was written, or handed out, that was not to be: a wrong plan, and not merely another sequence.</summary>
    public bool Corrupted { get; private set; }

    private byte* Start => _memory + GuardBytes;

    private Span<byte> Whole => new(_memory, checked((int)(_plan.Bytes + 2 * GuardBytes)));

    /// <summary>Most bytes of a block that can be proven: a span's length.</summary>
    public static long MostBytes => int.MaxValue - 2 * GuardBytes;

    /// <summary>Memory for the next allocation of the run; null if the plan has none.</summary>
    public byte* Allocate(long bytes)
    {
        int call = _next++;
        if (call >= _plan.Sizes.Count || _plan.Sizes[call] != bytes)
        {
            Blame($"Allocation {call} of the run asked for {bytes} bytes where {(call < _plan.Sizes.Count ? _plan.Sizes[call] : 0)} were planned.", corrupted: false);
            return null;
        }
        long offset = _plan.Offsets[call];
        foreach (int other in _live.Values)
        {
            if (offset < _plan.Offsets[other] + _plan.Sizes[other] && _plan.Offsets[other] < offset + bytes)
            {
                Blame($"Allocations {other} and {call} of the run share bytes of the block.", corrupted: true);
                return null;
            }
        }
        byte* memory = Start + offset;
        if (new Span<byte>(memory, (int)bytes).IndexOfAnyExcept(Pattern) >= 0)
            Blame($"The place of allocation {call} was written while nobody had it.", corrupted: true);
        _live.Add((nint)memory, call);
        return memory;
    }

    /// <summary>Takes memory back; false if it is not of this block.</summary>
    public bool Free(byte* memory)
    {
        if (!_live.Remove((nint)memory, out int call))
            return false;
        new Span<byte>(memory, (int)_plan.Sizes[call]).Fill(Pattern);
        return true;
    }

    /// <summary>Ends the run, of which all was given back: the whole sequence came, and no other byte was written.</summary>
    public void End()
    {
        if (_next != _plan.Sizes.Count)
            Blame($"The run made {Counted.Of(_next, "allocation")} where {_plan.Sizes.Count} were planned.", corrupted: false);
        if (_live.Count > 0)
            Blame($"{(_live.Count == 1 ? "1 allocation was" : $"{_live.Count} allocations were")} not given back.", corrupted: false);
        else if (Whole.IndexOfAnyExcept(Pattern) is >= 0 and int at)
            Blame($"Byte {at - GuardBytes} of the block was written while nobody had it.", corrupted: true);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private void Blame(string fault, bool corrupted)
    {
        Fault ??= fault;
        Corrupted |= corrupted;
    }
}
