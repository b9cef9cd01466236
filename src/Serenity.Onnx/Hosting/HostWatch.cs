using System.Globalization;

namespace Serenity.Onnx.Hosting;

/// <summary>
/// Ends this process when it takes more than the models it works on may, which native code that runs away does not do by itself. A thread of its own looks at the process every few
/// milliseconds; native code cannot hold it up.
/// </summary>
/// <remarks>
/// A process cannot tell which of several models takes what. So each may take, while it is worked on, what all that were worked on beside it may take together: no model
/// is ended for another, and the parent begins each anew on its own, where the limits are exact.
/// </remarks>
internal sealed class HostWatch : IDisposable
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(15);

    private readonly object _gate = new();
    private readonly List<Watched> _watched = [];
    private readonly ManualResetEventSlim _over = new(), _working = new();
    private readonly Action<string> _exceeded;
    private readonly ProcessUse _use = new();
    private readonly Thread _thread;

    private HostWatch(Action<string> exceeded)
    {
        _exceeded = exceeded;
        _thread = new Thread(Watch) { IsBackground = true, Name = "limits", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Begins to watch.</summary>
    /// <param name="exceeded">Called once, with what was exceeded, as words that follow "the process"; must end the process.</param>
    public static HostWatch Start(Action<string> exceeded) => new(exceeded);

    /// <summary>Work on a model begins, and ends when what is given is disposed of.</summary>
    public Watched Begin(ModelLimits limits)
    {
        lock (_gate)
        {
            Watched watched = new(this, limits, _use.Read().Processor);
            foreach (Watched other in _watched)
            {
                other.AllowMore(limits.Processor);
                watched.AllowMore(other.Limits.Processor);
            }
            _watched.Add(watched);
            _working.Set();
            return watched;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Set();
        _working.Set();
        _thread.Join();
        _over.Dispose();
        _working.Dispose();
        _use.Dispose();
    }

    private void Watch()
    {
        while (true)
        {
            _working.Wait();
            if (_over.Wait(_poll))
                return;
            string? what;
            lock (_gate)
                what = Exceeded();
            if (what is null)
                continue;
            _exceeded(what);
            return;
        }
    }

    private string? Exceeded()
    {
        if (_watched.Count == 0)
            return null;
        (long held, TimeSpan now) = _use.Read();
        long bytes = 0;
        foreach (Watched watched in _watched)
            bytes = Sum(bytes, watched.Limits.Bytes);
        if (held > bytes)
            return string.Create(CultureInfo.InvariantCulture, $"took more than the {bytes >> 20} MiB of memory that it may");
        foreach (Watched watched in _watched)
        {
            if (now - watched.Since > watched.Processor)
                return string.Create(CultureInfo.InvariantCulture, $"took more than the {watched.Processor.TotalSeconds:0} s of processor time that it may");
        }
        return null;
    }

    private void End(Watched watched)
    {
        lock (_gate)
        {
            _watched.Remove(watched);
            if (_watched.Count == 0 && !_over.IsSet)
                _working.Reset();
        }
    }

    private void Raise(Watched watched, ModelLimits limits)
    {
        lock (_gate)
        {
            if (limits.Processor > watched.Limits.Processor)
            {
                TimeSpan more = limits.Processor - watched.Limits.Processor;
                foreach (Watched other in _watched)
                    other.AllowMore(more);
            }
            watched.Limits = limits;
        }
    }

    private static long Sum(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;

    /// <summary>Work on one model.</summary>
    internal sealed class Watched(HostWatch watch, ModelLimits limits, TimeSpan since) : IDisposable
    {
        /// <summary>What this model may take.</summary>
        public ModelLimits Limits { get; set; } = limits;

        /// <summary>What the process had taken when it began.</summary>
        public TimeSpan Since { get; } = since;

        /// <summary>What the process may take from then on: this model, and all that were worked on beside it.</summary>
        public TimeSpan Processor { get; private set; } = limits.Processor;

        /// <summary>Sets what this model may take, now that more is known of it.</summary>
        public void Raise(ModelLimits to) => watch.Raise(this, to);

        /// <summary>Allows for another model.</summary>
        public void AllowMore(TimeSpan time) => Processor = Processor > TimeSpan.MaxValue - time ? TimeSpan.MaxValue : Processor + time;

        /// <inheritdoc/>
        public void Dispose() => watch.End(this);
    }
}
