using System.Globalization;

namespace Serenity.Fuzzing.Campaign;

/// <summary>The most memory this process held since it was last asked, from the kernel's own account (Linux; elsewhere nothing is measured).</summary>
internal static class MemoryMeter
{
    private const string Status = "/proc/self/status", Reset = "/proc/self/clear_refs";

    /// <summary>Peak resident bytes since the last call; 0 where it cannot be known.</summary>
    public static long PeakSinceLast()
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        long peak = ReadField(Status, "VmHWM:");
        // 5: the peak begins anew at what is held now.
        File.WriteAllText(Reset, "5");
        return peak;
    }

    /// <summary>Bytes that another process holds now.</summary>
    public static long HeldBy(int process) => OperatingSystem.IsLinux() ? ReadField(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "VmRSS:") : 0;

    private static long ReadField(string path, string field)
    {
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (line.StartsWith(field, StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(field.Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) << 10;
            }
        }
        catch (IOException)
        {
            // It has ended.
        }
        return 0;
    }
}
