using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Isolation.Messages;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rehearsal;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Hosting;

/// <summary>The host's side: optimizes the models it is asked for, side by side, until standard input ends.</summary>
public sealed class HostServer : IDisposable
{
    /// <summary>As the main thread of a process has, and more than any nesting that is let in takes.</summary>
    private const int StackBytes = 16 << 20;

    private readonly string _folder, _token;
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly ConcurrentDictionary<int, Work> _work = new();
    private readonly HostWatch _watch;

    private HostServer(string folder, string token)
    {
        (_folder, _token) = (folder, token);
        _watch = HostWatch.Start(EndAtLimit);
    }

    /// <summary>Answers requests.</summary>
    /// <param name="args">The folder that is shared with the parent, the token that messages begin with, and where it is not this program's own, the native ONNX Runtime to
    /// use, and the assembly that goes with it, which is loaded by then.</param>
    /// <returns>2: called wrongly. Else it does not return: what native code does at the end of a process must not keep one whose parent is gone.</returns>
    public static int Run(string[] args)
    {
        if (args is not [string folder, string token, .. { Length: <= 2 } runtime] || !Directory.Exists(folder))
        {
            Console.Error.WriteLine("This program is run by Serenity.Build. To optimize a model by hand, use 'dotnet serenity optimize'.");
            return 2;
        }
        // Ctrl+C is for the parent, which then ends this process.
        using PosixSignalRegistration interrupts = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        if (runtime is [string library, ..])
            NativeRuntime.Use(library);
        using HostServer server = new(folder, token);
        server.Serve();
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        _output.Dispose();
    }

    private void Serve()
    {
        Send(HostMessages.Ready(_token));
        // Not awaited: a model that comes meanwhile takes part in it.
        Task warm = WarmUp.Start();
        Task cleaned = warm.ContinueWith(_ => SessionFolder.RemoveAbandoned(_folder), TaskScheduler.Default);
        using StreamReader input = new(Console.OpenStandardInput(), Encoding.UTF8);
        while (ReadLine(input) is { } line)
        {
            if (HostMessages.ReadRequest(line) is not { } request)
                continue;
            if (request.Cancels)
                _work.GetValueOrDefault(request.Id)?.Cancellation.Cancel();
            else
                Begin(request.Id);
        }
        // A build that was soon over leaves it to be done now.
        if (!cleaned.IsCompleted)
            SessionFolder.RemoveAbandoned(_folder);
        SessionFolder.Delete(_folder);
        EndProcess();
    }

    private static string? ReadLine(StreamReader input)
    {
        try
        {
            return input.ReadLine();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Begin(int id)
    {
        Work work = new(new HostFiles(Path.Combine(_folder, id.ToString(CultureInfo.InvariantCulture))), new CancellationTokenSource());
        _work[id] = work;
        new Thread(() => Answer(id, work), StackBytes) { IsBackground = true, Name = "model" }.Start();
    }

    private void Answer(int id, Work work)
    {
        try
        {
            OptimizeRequest request = work.Files.ReadRequest() with { Progress = stage => Come(id, work, stage) };
            work.Request = request;
            using HostWatch.Watched watched = _watch.Begin(ModelLimits.Before(request));
            request.Progress(PipelineStage.Load);
            // Who names one wants that, and no plan without.
            if (request.Runtime is not null)
                NativeRuntime.EnsureAvailable();
            LoadedModel model = ModelFile.Load(request.ModelPath);
            watched.Raise(ModelLimits.Of(model, request));
            OptimizationResult result = ModelOptimizer.OptimizeHere(model, request, work.Cancellation.Token);
            try
            {
                work.Files.WriteAnswer(result, request);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw TemporaryFolder.Full(request.ModelPath, e);
            }
        }
        catch (SerenityException e)
        {
            Tell(() => work.Files.WriteError(e.ToDiagnostic()));
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it.
        }
        catch (Exception e)
        {
            Tell(() => work.Files.WriteFault(HostFault.Of(e)));
        }
        finally
        {
            _work.TryRemove(id, out _);
            work.Cancellation.Dispose();
            Send(HostMessages.Done(_token, id));
        }
    }

    private static void Tell(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No room even for that. The parent finds nothing, and says so.
        }
    }

    private void Come(int id, Work work, PipelineStage stage)
    {
        work.Stage = stage;
        Send(HostMessages.Stage(_token, id, stage));
    }

    private void Send(string line)
    {
        // On a line of its own, whatever a native library has begun to print.
        byte[] bytes = Encoding.UTF8.GetBytes("\n" + line + "\n");
        try
        {
            lock (_output)
            {
                _output.Write(bytes);
                _output.Flush();
            }
        }
        catch (IOException)
        {
            // The parent is gone; so is standard input.
        }
    }

    private void EndAtLimit(string what)
    {
        foreach (Work work in _work.Values)
        {
            if (work.Request is { } request)
                work.Files.WriteError(HostEnd.Error(request, HostEnding.Exceeded(what), work.Stage).ToDiagnostic());
        }
        EndProcess();
    }

    // Not an exit: that would wait for the native code.
    private static void EndProcess()
    {
        using Process self = Process.GetCurrentProcess();
        self.Kill();
    }

    private sealed record Work(HostFiles Files, CancellationTokenSource Cancellation)
    {
        public OptimizeRequest? Request { get; set; }

        /// <summary>What it is at; null before it begins.</summary>
        public PipelineStage? Stage { get; set; }
    }
}
