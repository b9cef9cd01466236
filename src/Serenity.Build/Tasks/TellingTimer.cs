namespace Serenity.Build.Tasks;

/// <summary>Does something again and again until it is disposed of, never twice at a time, and never after that.</summary>
internal sealed class TellingTimer : IDisposable
{
    private readonly object _gate = new();
    private readonly Timer _timer;
    private bool _ended;

    /// <summary>Begins.</summary>
    /// <param name="every">Time between two calls, and before the first.</param>
    /// <param name="tell">What is done.</param>
    public TellingTimer(TimeSpan every, Action tell)
    {
        _timer = new Timer(
            _ =>
            {
                lock (_gate)
                {
                    if (!_ended)
                        tell();
                }
            },
            null, every, every);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _ended = true;
        _timer.Dispose();
    }
}
