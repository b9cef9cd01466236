using System.ComponentModel;
using System.Diagnostics;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// Has models worked on in a process apart from this one, so that a model which makes native code crash, hang or eat all memory ends that process and not
/// the build: one clear error for that model, and the others go on.
/// <para>
/// There is one such process for each ONNX Runtime that is asked for, mostly one, for as many models as are given, side by side: what a process has to load and to compile
/// is then paid for once. If it dies, each model it was working on is begun anew in a process that works on nothing else, and the one that ends that too is the culprit. The process
/// also ends itself when a model takes more than it may.
/// </para>
/// </summary>
/// <param name="command">Makes the process's command, from the folder it is to share with this one and the token its messages begin with; null for the program that ships beside this assembly.</param>
/// <param name="patience">How long a model may take; null for ten minutes. Nothing depends on it but the error that it hangs.</param>
public sealed class OptimizerHost(Func<string, string, ProcessStartInfo>? command = null, TimeSpan? patience = null) : IDisposable
{
    /// <summary>No model tried takes a tenth of it; a build would rather fail than wait for longer.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    private readonly object _gate = new();
    private readonly SemaphoreSlim _alone = new(1);
    private readonly List<HostProcess> _dead = [];
    private readonly Dictionary<string, HostProcess> _processes = new(StringComparer.Ordinal);
    private readonly HostPrograms _programs = command is null ? HostPrograms.OfPackage() : new(command);
    private bool _disposed;

    /// <summary>With programs of a test's own.</summary>
    internal OptimizerHost(HostPrograms programs)
        : this() => _programs = programs;

    /// <summary>True if there is a process.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate)
                return _processes.Values.Any(process => !process.HasEnded);
        }
    }

    /// <summary>Starts the process, if there is none, and does not wait until it is up. Never fails: what is wrong is told by the first model.</summary>
    public void Start()
    {
        try
        {
            Current(null);
        }
        catch (Exception problem) when (problem is IOException or Win32Exception or SerenityException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Optimizes one model; may be called by several threads at once.</summary>
    /// <exception cref="SerenityException">As given by the optimizer; or <see cref="SerenityCodes.RuntimeCrashed"/>: the process died or hung, or cannot be started.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FinishedModel Optimize(OptimizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            HostProcess process = Current(request.Runtime);
            HostReply reply = process.Run(request, patience ?? _patience, cancellation);
            if (reply.End is not null && (IsReplaced(process, reply) || !reply.Alone))
                reply = RunAlone(request, cancellation);
            if (reply is { End: not null, Ready: false })
                throw CannotStart(request, $"it {reply.End.Value.Words} as it started", null);
            if (reply.Answer is not { } answer)
                throw HostEnd.Error(request, reply.End!.Value, reply.Stage);
            byte[] model = reply.Model;
            return new FinishedModel(answer.Facts, (_, _) => WrittenModel.Of(model, answer.DataFile, answer.Parts)) { Variants = reply.Variants };
        }
        catch (Win32Exception e)
        {
            throw CannotStart(request, e.Message, e);
        }
        catch (ObjectDisposedException)
        {
            throw new OperationCanceledException("Nobody waits for the model any more.");
        }
        catch (InvalidDataException e)
        {
            throw SessionFolder.CutShort(request.ModelPath, e);
        }
    }

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        List<HostProcess> all;
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            all = [.. _dead, .. _processes.Values];
        }
        foreach (HostProcess process in all)
            process.Dispose();
        _alone.Dispose();
    }

    private HostProcess Current(RuntimeFiles? runtime)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            string key = runtime?.ToString() ?? "";
            if (_processes.TryGetValue(key, out HostProcess? known))
            {
                if (!known.HasEnded)
                    return known;
                // Whoever it worked for may still read what it left.
                _dead.Add(known);
                _processes.Remove(key);
            }
            HostProcess started = _programs.Start(runtime);
            _processes.Add(key, started);
            return started;
        }
    }

    private HostReply RunAlone(OptimizeRequest request, CancellationToken cancellation)
    {
        _alone.Wait(cancellation);
        try
        {
            while (true)
            {
                using HostProcess process = _programs.Start(request.Runtime);
                HostReply reply = process.Run(request, patience ?? _patience, cancellation);
                if (!IsReplaced(process, reply))
                    return reply;
            }
        }
        finally
        {
            _alone.Release();
        }
    }

    private bool IsReplaced(HostProcess process, HostReply reply) => reply is { End.Cause: not HostEndCause.Limit, Ready: false } && _programs.GiveWay(process.Program);

    private static SerenityException CannotStart(OptimizeRequest request, string why, Exception? inner) =>
        new(SerenityCodes.RuntimeCrashed, request.ModelPath,
            $"The process that models are worked on in cannot be started: {why}. See that 'dotnet' and the package's files can be run, or set SerenityIsolate to false"
            + " (--in-process on the command line) to work on models in this process.", inner);
}
