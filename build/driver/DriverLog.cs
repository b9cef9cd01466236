using System.Diagnostics;

namespace Serenity.Driver;

/// <summary>Says what is being done, and how long each step took.</summary>
/// <param name="output">Standard output, or standard error where standard output belongs to a benchmark.</param>
internal sealed class DriverLog(TextWriter output)
{
    private static readonly TimeSpan _between = TimeSpan.FromSeconds(30);

    /// <summary>Writes a line.</summary>
    public void Line(string text)
    {
        output.WriteLine(text);
        output.Flush();
    }

    /// <summary>Announces a step, runs it, and says how long it took.</summary>
    public T Step<T>(string what, Func<T> work)
    {
        Line($"==> {what}");
        long start = Stopwatch.GetTimestamp();
        T result;
        // Some take minutes, and what they run is quiet.
        using (new Timer(_ => Line(FormattableString.Invariant($"    … {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s")), null, _between, _between))
            result = work();
        Line(FormattableString.Invariant($"    {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
        return result;
    }
}
