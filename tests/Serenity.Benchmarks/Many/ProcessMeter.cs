using System.Diagnostics;
using System.Globalization;

namespace Serenity.Benchmarks.Many;

/// <summary>What a process and all that it started hold in memory, at most, looked at ten times a second (Linux; elsewhere 0).</summary>
internal sealed class ProcessMeter : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;

    public ProcessMeter(int root) => _watch = Task.Run(() => Watch(root));

    /// <summary>Resident bytes of the whole tree, at most.</summary>
    public long MostOfAll { get; private set; }

    /// <summary>Resident bytes of the largest process, at most.</summary>
    public long MostOfOne { get; private set; }

    public void Dispose()
    {
        _stop.Cancel();
        _watch.Wait();
        _stop.Dispose();
    }

    private void Watch(int root)
    {
        while (OperatingSystem.IsLinux() && !_stop.Token.WaitHandle.WaitOne(100))
        {
            Dictionary<int, (int Parent, long Bytes)> all = [];
            foreach (string folder in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && Read(folder) is { } process)
                    all[id] = process;
            }
            long sum = 0;
            foreach ((int id, (_, long bytes)) in all)
            {
                if (!IsBelow(id, root, all))
                    continue;
                sum += bytes;
                MostOfOne = Math.Max(MostOfOne, bytes);
            }
            MostOfAll = Math.Max(MostOfAll, sum);
        }
    }

    private static bool IsBelow(int id, int root, Dictionary<int, (int Parent, long Bytes)> all)
    {
        for (int at = id, depth = 0; depth < 64; depth++)
        {
            if (at == root)
                return true;
            if (!all.TryGetValue(at, out (int Parent, long Bytes) process) || process.Parent == 0)
                return false;
            at = process.Parent;
        }
        return false;
    }

    private static (int Parent, long Bytes)? Read(string folder)
    {
        try
        {
            string[] lines = File.ReadAllLines(Path.Combine(folder, "status"));
            long Number(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
                ? long.Parse(line[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) : 0;
            return ((int)Number("PPid:"), Number("VmRSS:") * 1024);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return null;
        }
    }
}
