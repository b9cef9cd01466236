using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Serenity.Runtime;

/// <summary>
/// The blocks of a session, one for each of the runs that may go on at a time. A block is taken from the operating system once, the first with
/// the session and others when they are first needed, and never given back between runs.
/// </summary>
internal sealed class RunPool : IDisposable
{
    private readonly BlockPlan? _plan;
    private readonly PlannedSessionOptions _options;
    private readonly Action _ended;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _closing = new();
    private readonly object _gate = new();
    private readonly List<RunMemory> _all = [];
    private readonly List<RunMemory> _idle = [];
    private int _made;
    private int _users;
    private bool _closed;

    /// <summary>Creates the pool and its first block.</summary>
    /// <param name="plan">What a run takes; null to take everything from the heap.</param>
    /// <param name="options">How many, and how they are made; a copy that nobody changes.</param>
    /// <param name="ended">Called once, when the pool is closed and the last run is over.</param>
    public RunPool(BlockPlan? plan, PlannedSessionOptions options, Action ended)
    {
        _plan = plan;
        _options = options;
        _ended = ended;
        _places = new SemaphoreSlim(options.MaxConcurrency, options.MaxConcurrency);
        _made = 1;
        _idle.Add(Create());
    }

    /// <summary>Blocks taken so far.</summary>
    public IReadOnlyList<MemoryBlock> Blocks
    {
        get
        {
            lock (_gate)
            {
                List<MemoryBlock> blocks = [];
                foreach (RunMemory memory in _all)
                {
                    if (memory.Block is { } block)
                        blocks.Add(block);
                }
                return blocks;
            }
        }
    }

    /// <summary>Memory for a run. Waits for one to be free, or throws, as the options say.</summary>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="InvalidOperationException">More runs than allowed, and the options say to throw.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public RunMemory Rent(CancellationToken cancellation)
    {
        Enter();
        try
        {
            if (!_places.Wait(0, CancellationToken.None))
            {
                ThrowIfBusy();
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
                _places.Wait(either.Token);
            }
            return Take();
        }
        catch (Exception e)
        {
            throw Failed(e, cancellation);
        }
    }

    /// <summary>As <see cref="Rent"/>, without holding a thread while it waits.</summary>
    public async Task<RunMemory> RentAsync(CancellationToken cancellation)
    {
        Enter();
        try
        {
            if (!_places.Wait(0, CancellationToken.None))
            {
                ThrowIfBusy();
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
                await _places.WaitAsync(either.Token).ConfigureAwait(false);
            }
            return Take();
        }
        catch (Exception e)
        {
            throw Failed(e, cancellation);
        }
    }

    /// <summary>A run is over.</summary>
    public void Return(RunMemory memory)
    {
        lock (_gate)
            _idle.Add(memory);
        _places.Release();
        Exit();
    }

    /// <summary>No run begins any more, and those that wait are told so. Those that go on end as ever.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            _users++;
        }
        _closing.Cancel();
        Exit();
    }

    private RunMemory Take()
    {
        lock (_gate)
        {
            if (_closed)
            {
                _places.Release();
                throw new ObjectDisposedException(nameof(PlannedSession));
            }
            // The one used last is warm. One in which outputs of an earlier run still lie would have no room for this run's.
            int at = _idle.FindLastIndex(static memory => memory.Block is not { LiveCount: > 0 });
            if (at < 0 && _made >= _options.MaxConcurrency)
                at = _idle.Count - 1;
            if (at >= 0)
            {
                RunMemory memory = _idle[at];
                _idle.RemoveAt(at);
                return memory;
            }
            _made++;
        }
        // Whoever holds a place may have a block, of as many as there are places; made outside the lock, since touching its pages takes time.
        try
        {
            return Create();
        }
        catch
        {
            lock (_gate)
                _made--;
            _places.Release();
            throw;
        }
    }

    private RunMemory Create()
    {
        MemoryBlock? block = _plan is { BlockBytes: > 0 } plan ? new MemoryBlock(plan, _options.HugePages, _options.LockPages) : null;
        RunMemory memory = new(_plan, block);
        lock (_gate)
            _all.Add(memory);
        return memory;
    }

    private void ThrowIfBusy()
    {
        if (_options.WhenBusy == WhenBusy.Throw)
        {
            throw new InvalidOperationException(
                $"{_options.MaxConcurrency} run(s) of this session are going on, as many as MaxConcurrency allows. Raise it (each takes a block of its own), or set WhenBusy to Wait.");
        }
    }

    private Exception Failed(Exception e, CancellationToken cancellation)
    {
        Exit();
        return e is OperationCanceledException && !cancellation.IsCancellationRequested ? new ObjectDisposedException(nameof(PlannedSession)) : e;
    }

    private void Enter()
    {
        lock (_gate)
        {
            if (_closed)
                throw new ObjectDisposedException(nameof(PlannedSession));
            _users++;
        }
    }

    private void Exit()
    {
        lock (_gate)
        {
            if (--_users > 0 || !_closed)
                return;
        }
        foreach (RunMemory memory in _all)
            memory.Block?.Retire();
        _closing.Dispose();
        _places.Dispose();
        _ended();
    }
}
