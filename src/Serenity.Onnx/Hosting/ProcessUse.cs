using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Serenity.Onnx.Hosting;

/// <summary>
/// What this process takes. Asked many times a second, so on Linux one file is read, which is kept open: <see cref="Process"/> looks at every thread each time, which came to 1.5 % of the processor time
/// of a build.
/// </summary>
internal sealed class ProcessUse : IDisposable
{
    // Fields of /proc/self/stat behind the program's name, which stands in brackets: proc_pid_stat(5), where they are counted from 3.
    private const int UserTicks = 11, SystemTicks = 12, Pages = 21;

    /// <summary>sysconf(_SC_CLK_TCK): 100 in every Linux that programs see.</summary>
    private const int TicksASecond = 100;

    private readonly Process _self = Process.GetCurrentProcess();
    private readonly SafeFileHandle? _stat = Open();
    private readonly byte[] _text = new byte[1024];

    /// <summary>Resident bytes, and time on processors since it began.</summary>
    public (long Bytes, TimeSpan Processor) Read()
    {
        if (_stat is not null && Parse(_text.AsSpan(0, RandomAccess.Read(_stat, _text, 0))) is { } read)
            return read;
        _self.Refresh();
        return (_self.WorkingSet64, _self.TotalProcessorTime);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stat?.Dispose();
        _self.Dispose();
    }

    /// <summary>Reads a line of /proc/PID/stat.</summary>
    /// <returns>Null for what is none.</returns>
    internal static (long Bytes, TimeSpan Processor)? Parse(ReadOnlySpan<byte> line)
    {
        int end = line.LastIndexOf((byte)')');
        if (end < 0)
            return null;
        long user = -1, system = -1, pages = -1;
        ReadOnlySpan<byte> rest = line[(end + 1)..];
        for (int field = 0; field <= Pages; field++)
        {
            rest = rest.TrimStart((byte)' ');
            int length = rest.IndexOfAny((byte)' ', (byte)'\n') is >= 0 and int at ? at : rest.Length;
            if (field is UserTicks or SystemTicks or Pages)
            {
                if (!Utf8Parser.TryParse(rest[..length], out long value, out int used) || used != length)
                    return null;
                (user, system, pages) = field == UserTicks ? (value, system, pages) : field == SystemTicks ? (user, value, pages) : (user, system, value);
            }
            rest = rest[length..];
        }
        return (pages * Environment.SystemPageSize, TimeSpan.FromSeconds((double)(user + system) / TicksASecond));
    }

    private static SafeFileHandle? Open()
    {
        try
        {
            return OperatingSystem.IsLinux() ? File.OpenHandle("/proc/self/stat") : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
