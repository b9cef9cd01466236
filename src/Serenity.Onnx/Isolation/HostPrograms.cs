using System.ComponentModel;
using System.Diagnostics;
using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// The programs that a host can be, the one to be preferred first. One that does not come up on this machine (made for a newer system, not allowed to be run) gives way to the next, for good.
/// </summary>
/// <param name="commands">Make the command of each, from the folder it is to share with its parent and the token its messages begin with.</param>
internal sealed class HostPrograms(params Func<string, string, ProcessStartInfo>[] commands)
{
    /// <summary>A start takes some tens of milliseconds, some seconds on a machine that does much else. A program that is not up by then never will be.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly int _last = commands.Length - 1;
    private int _preferred;

    /// <summary>How long a program may take to come up before the next takes its place.</summary>
    public TimeSpan ComingUp { get; init; } = Longest;

    /// <summary>Those that lie beside this assembly.</summary>
    public static HostPrograms OfPackage() => HostCommand.IsNativePresent ? new(HostCommand.CreateNative, HostCommand.Create) : new(HostCommand.Create);

    /// <summary>Starts a host, and does not wait until it is up.</summary>
    /// <param name="runtime">The ONNX Runtime that it is to use; null for its own. Another one comes with an assembly of its own, which only the last program can load.</param>
    /// <exception cref="Win32Exception">None of them can be started.</exception>
    /// <exception cref="Diagnostics.SerenityException">There is no place for temporary files.</exception>
    public HostProcess Start(RuntimeFiles? runtime)
    {
        for (int program = runtime is null ? Volatile.Read(ref _preferred) : _last; ; program++)
        {
            try
            {
                return HostProcess.Start(commands[program], runtime, program, program < _last ? ComingUp : null);
            }
            catch (Win32Exception) when (program < _last)
            {
                GiveWay(program);
            }
        }
    }

    /// <summary>A program did not come up.</summary>
    /// <param name="program">Its number, as its process has it.</param>
    /// <returns>True if another takes its place from now on.</returns>
    public bool GiveWay(int program)
    {
        if (program >= _last)
            return false;
        Interlocked.CompareExchange(ref _preferred, program + 1, program);
        return true;
    }
}
