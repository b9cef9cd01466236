using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Isolation.Messages;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// A host as its parent sees it: a process that works on models, several at a time, until it is disposed of, dies, or loses its parent. That it lost its parent it
/// learns from standard input, which ends however the parent ends.
/// </summary>
internal sealed class HostProcess : IDisposable
{
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1), _cancelling = TimeSpan.FromMilliseconds(300);

    private readonly object _gate = new();
    private readonly TimeSpan _comingUp;
    private readonly SessionFolder _folder = SessionFolder.Create();
    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));
    private readonly Dictionary<int, Asked> _asked = [];
    private readonly Process _process;
    private readonly Thread _listener;
    private int _begun;
    private bool _ready;
    private HostEnding? _end;

    private HostProcess(Func<string, string, ProcessStartInfo> command, RuntimeFiles? runtime, int program, TimeSpan comingUp)
    {
        (Program, _comingUp) = (program, comingUp);
        try
        {
            ProcessStartInfo start = command(_folder.Path, _token);
            foreach (string file in runtime is null ? [] : runtime.Assembly is null ? (string[])[runtime.Library] : [runtime.Library, runtime.Assembly])
                start.ArgumentList.Add(file);
            start.UseShellExecute = false;
            start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
            // The project's folder could not be removed on Windows while a process is in it.
            start.WorkingDirectory = _folder.Path;
            // What ONNX Runtime leaves in the folder for temporary files when it dies goes with ours.
            foreach (string name in new[] { "TMPDIR", "TEMP", "TMP" })
                start.Environment[name] = _folder.Path;
            _process = Process.Start(start) ?? throw new IOException("no process was started");
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
        // What it prints is a native library's talk; it is read only so that the host never waits for a reader.
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _listener = new Thread(Listen) { IsBackground = true, Name = "model host" };
        _listener.Start();
    }

    /// <summary>Which of <see cref="HostPrograms"/> it is.</summary>
    public int Program { get; }

    /// <summary>True if it is gone; requests then get no answer.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
                return _end is not null;
        }
    }

    private bool IsReady
    {
        get
        {
            lock (_gate)
                return _ready;
        }
    }

    /// <summary>Starts one, and does not wait until it is up.</summary>
    /// <param name="command">Makes its command, from the folder it shares with us and the token its messages begin with.</param>
    /// <param name="runtime">The ONNX Runtime that it is to use; null for its own.</param>
    /// <param name="program">Number of the program, for who chose it.</param>
    /// <param name="comingUp">How long it may take to come up; null for <see cref="HostPrograms.Longest"/>.</param>
    /// <exception cref="Win32Exception">There is no such program.</exception>
    /// <exception cref="Diagnostics.SerenityException">There is no place for temporary files.</exception>
    public static HostProcess Start(Func<string, string, ProcessStartInfo> command, RuntimeFiles? runtime = null, int program = 0, TimeSpan? comingUp = null) =>
        new(command, runtime, program, comingUp ?? HostPrograms.Longest);

    /// <summary>Has it work on one model.</summary>
    /// <param name="request">The model.</param>
    /// <param name="patience">How long that may take; the host is ended if it takes longer.</param>
    /// <param name="cancellation">Takes the request back.</param>
    /// <returns>Its answer, or how it ended.</returns>
    /// <exception cref="Diagnostics.SerenityException">The model cannot be optimized.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public HostReply Run(OptimizeRequest request, TimeSpan patience, CancellationToken cancellation)
    {
        Asked asked = new(request.Progress);
        int id;
        lock (_gate)
        {
            id = ++_begun;
            if (_end is not null)
                return new HostReply(null, [], _end, false, _ready);
            _asked.Add(id, asked);
        }
        string folder = Path.Combine(_folder.Path, id.ToString(CultureInfo.InvariantCulture));
        HostFiles files = new(folder);
        try
        {
            Directory.CreateDirectory(folder);
            files.WriteRequest(request);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lock (_gate)
                _asked.Remove(id);
            throw SessionFolder.CutShort(request.ModelPath, e);
        }
        Send(HostMessages.Work(id));
        try
        {
            int whole = (int)Math.Min(patience.TotalMilliseconds, int.MaxValue), first = (int)Math.Min(whole, _comingUp.TotalMilliseconds);
            if (!asked.Ended.Task.Wait(first, cancellation) && (!IsReady || !asked.Ended.Task.Wait(whole - first, cancellation)))
                End(IsReady || first == whole ? HostEnding.TooLong : HostEnding.NotUp);
        }
        catch (OperationCanceledException)
        {
            Send(HostMessages.Cancel(id));
            // Native code does not listen. Others that were worked on beside it are then begun anew.
            if (!asked.Ended.Task.Wait(_cancelling, CancellationToken.None))
                End(HostEnding.TakenBack);
            throw;
        }
        finally
        {
            lock (_gate)
                _asked.Remove(id);
        }
        HostEnding? end = asked.Ended.Task.Result;
        bool alone, ready;
        lock (_gate)
            (alone, ready) = (_begun == 1, _ready);
        if (end is null || alone)
            files.ThrowProblem();
        if (end is not null)
            return new HostReply(null, [], end, alone, ready) { Stage = asked.Stage };
        HostAnswer? answer = files.ReadAnswer(out byte[] model, out IReadOnlyList<byte[]> variants);
        SessionFolder.Delete(folder);
        return new HostReply(answer, model, answer is null ? HostEnding.WithoutAnswer : null, alone, ready) { Variants = variants, Stage = asked.Stage };
    }

    /// <summary>Ends it, and removes what it left.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It went first.
        }
        if (!_process.WaitForExit(_farewell))
            Kill();
        _listener.Join();
        _process.Dispose();
        _folder.Dispose();
    }

    private void Send(string line)
    {
        try
        {
            lock (_process)
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            // It is gone, and whoever waits for it is told by the listener.
        }
    }

    private void Listen()
    {
        while (ReadLine() is { } line)
        {
            if (HostMessages.ReadAnswer(_token, line) is not { } said)
                continue;
            Asked? asked;
            lock (_gate)
            {
                _ready |= said.Word == HostWord.Ready;
                _asked.TryGetValue(said.Id, out asked);
            }
            if (said.Word == HostWord.Stage)
                asked?.Come(said.Stage);
            else if (said.Word == HostWord.Done)
                asked?.Ended.TrySetResult(null);
        }
        // Its output has ended, so nothing more will come of it.
        if (!_process.WaitForExit(_farewell))
            Kill();
        _process.WaitForExit();
        End(HostEnding.OfCode(_process.ExitCode));
    }

    private string? ReadLine()
    {
        try
        {
            return _process.StandardOutput.ReadLine();
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Notes how it ended, tells all who wait, and makes sure that it has.</summary>
    private void End(HostEnding how)
    {
        Asked[] waiting;
        lock (_gate)
        {
            _end ??= how;
            waiting = [.. _asked.Values];
        }
        Kill();
        foreach (Asked asked in waiting)
            asked.Ended.TrySetResult(_end);
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
        }
        catch (Exception problem) when (problem is InvalidOperationException or Win32Exception)
        {
            // It went by itself.
        }
    }

    /// <summary>A request that was not answered yet; ends with null, or with how the host ended.</summary>
    private sealed record Asked(Action<PipelineStage>? Progress)
    {
        public TaskCompletionSource<HostEnding?> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The last stage that the host came to with it.</summary>
        public PipelineStage? Stage { get; private set; }

        public void Come(PipelineStage stage)
        {
            Stage = stage;
            Progress?.Invoke(stage);
        }
    }
}

/// <summary>What came of a request.</summary>
/// <param name="Answer">The answer; null if there is none.</param>
/// <param name="Model">Content of the .onnx file.</param>
/// <param name="End">How the host ended; null if it gave the answer.</param>
/// <param name="Alone">True if the host had been asked nothing else.</param>
/// <param name="Ready">False if the host never came up.</param>
internal readonly record struct HostReply(HostAnswer? Answer, byte[] Model, HostEnding? End, bool Alone, bool Ready)
{
    /// <summary>Content of the file of each variant.</summary>
    public IReadOnlyList<byte[]> Variants { get; init; } = [];

    /// <summary>The last stage that the host came to; null for none.</summary>
    public PipelineStage? Stage { get; init; }
}
