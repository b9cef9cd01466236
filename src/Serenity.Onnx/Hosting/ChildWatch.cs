using System.Diagnostics;
using System.Globalization;

namespace Serenity.Onnx.Hosting;

/// <summary>
/// Ends this process when it takes more than its limits, which native code that runs away does not do by itself. A thread of its own looks at the process every few
/// milliseconds; native code cannot hold it up.
/// </summary>
internal sealed class ChildWatch : IDisposable
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(15);

    private readonly ManualResetEventSlim _over = new();
    private readonly Thread _thread;

    private ChildWatch(ChildLimits limits, Action<string> exceeded)
    {
        _thread = new Thread(() => Watch(limits, exceeded)) { IsBackground = true, Name = "limits", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Begins to watch.</summary>
    /// <param name="limits">What this process may take.</param>
    /// <param name="exceeded">Called once, with what was exceeded, as words that follow "the process"; must end the process.</param>
    public static ChildWatch Start(ChildLimits limits, Action<string> exceeded) => new(limits, exceeded);

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
    }

    private void Watch(ChildLimits limits, Action<string> exceeded)
    {
        using Process self = Process.GetCurrentProcess();
        while (!_over.Wait(_poll))
        {
            self.Refresh();
            if (self.WorkingSet64 > limits.Bytes)
            {
                exceeded(string.Create(CultureInfo.InvariantCulture, $"took more than the {limits.Bytes >> 20} MiB of memory that it may"));
                return;
            }
            if (self.TotalProcessorTime > limits.Processor)
            {
                exceeded(string.Create(CultureInfo.InvariantCulture, $"took more than the {limits.Processor.TotalSeconds:0} s of processor time that it may"));
                return;
            }
        }
    }
}
