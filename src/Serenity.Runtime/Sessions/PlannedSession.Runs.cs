using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

public sealed partial class PlannedSession
{
    /// <summary>Runs the model.</summary>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <param name="inputs">Inputs by name.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <returns>The outputs, in the order of their names. Dispose of them; where they lie is told by <see cref="PlannedSessionOptions.Outputs"/>.</returns>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="InvalidOperationException">More runs go on than allowed, and the options say to throw.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime cannot run the model on these inputs.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(
        RunOptions? runOptions, IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyCollection<string>? outputNames = null)
    {
        if (inputs is null)
            throw new ArgumentNullException(nameof(inputs));
        return Run(runOptions, [.. inputs.Keys], [.. inputs.Values], outputNames);
    }

    /// <summary>Runs the model.</summary>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <param name="inputNames">Names of the inputs.</param>
    /// <param name="inputValues">Their values, in the same order.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <returns>As for the overload with inputs by name.</returns>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public IDisposableReadOnlyCollection<OrtValue> Run(
        RunOptions? runOptions, IReadOnlyCollection<string> inputNames, IReadOnlyCollection<OrtValue> inputValues, IReadOnlyCollection<string>? outputNames = null) =>
        Collect(_pool.Rent(CancellationToken.None), runOptions, inputNames, inputValues, outputNames);

    /// <summary>Runs the model and writes outputs into memory of the caller. Their places in the block stay empty.</summary>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <param name="inputNames">Names of the inputs.</param>
    /// <param name="inputValues">Their values, in the same order.</param>
    /// <param name="outputNames">Names of the outputs.</param>
    /// <param name="outputValues">Where they go, in the same order.</param>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public void Run(
        RunOptions? runOptions, IReadOnlyCollection<string> inputNames, IReadOnlyCollection<OrtValue> inputValues,
        IReadOnlyCollection<string> outputNames, IReadOnlyCollection<OrtValue> outputValues)
    {
        if (outputNames is null)
            throw new ArgumentNullException(nameof(outputNames));
        InMemory(_pool.Rent(CancellationToken.None), outputNames, outputsApart: false, null, () =>
        {
            WithOptions(runOptions, o => _session.Run(o, inputNames, inputValues, outputNames, outputValues));
            return true;
        });
    }

    /// <summary>Runs the model, with the older types of ONNX Runtime's managed interface.</summary>
    /// <param name="inputs">Inputs.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <returns>The outputs. With <see cref="OutputPlacement.Copied"/> they lie on the heap from the start, since values of these types cannot be copied.</returns>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public IDisposableReadOnlyCollection<DisposableNamedOnnxValue> Run(
        IReadOnlyCollection<NamedOnnxValue> inputs, IReadOnlyCollection<string>? outputNames = null, RunOptions? runOptions = null) =>
        InMemory(_pool.Rent(CancellationToken.None), null, outputsApart: _options.Outputs != OutputPlacement.InBlock, null, () =>
            WithOptions(runOptions, o => _session.Run(inputs, outputNames ?? _session.OutputNames, o)));

    /// <summary>
    /// Runs the model on a thread of the pool. Waiting for a block holds no thread. (ONNX Runtime's own RunAsync runs on a thread of its own, which needs two
    /// threads within operators; this works with one.)
    /// </summary>
    /// <param name="inputs">Inputs by name; do not change or dispose of them before the run is over.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <param name="runOptions">Options of the run, for it alone; null for the defaults.</param>
    /// <param name="cancellation">Ends the run at the next operator, or the waiting for a block.</param>
    /// <returns>The outputs, as of the synchronous form.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public async Task<IDisposableReadOnlyCollection<OrtValue>> RunAsync(
        IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyCollection<string>? outputNames = null, RunOptions? runOptions = null, CancellationToken cancellation = default)
    {
        if (inputs is null)
            throw new ArgumentNullException(nameof(inputs));
        cancellation.ThrowIfCancellationRequested();
        RunMemory memory = await _pool.RentAsync(cancellation).ConfigureAwait(false);
        return await Task.Run(() =>
        {
            using RunOptions? own = runOptions is null ? new RunOptions() : null;
            RunOptions used = runOptions ?? own!;
            try
            {
                using (cancellation.Register(static o => ((RunOptions)o!).Terminate = true, used))
                    return Collect(memory, used, [.. inputs.Keys], [.. inputs.Values], outputNames);
            }
            catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellation);
            }
        }, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>A binding of inputs and outputs for <see cref="RunWithBinding"/>; dispose of it before the session.</summary>
    public OrtIoBinding CreateIoBinding() => _session.CreateIoBinding();

    /// <summary>
    /// Runs the model on what is bound. Outputs belong to the binding and lie outside of the block: those bound to a value go there, and those bound to a device are
    /// taken from the heap in the first run and written again in later ones.
    /// </summary>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <param name="binding">A binding that this session created; for one run at a time.</param>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public void RunWithBinding(RunOptions? runOptions, OrtIoBinding binding)
    {
        if (binding is null)
            throw new ArgumentNullException(nameof(binding));
        InMemory(_pool.Rent(CancellationToken.None), BoundOutputs(binding), outputsApart: true, null, () =>
        {
            WithOptions(runOptions, o => _session.RunWithBinding(o, binding));
            return true;
        });
    }

    /// <summary>
    /// Runs the model once and counts what it allocates, to the byte and wherever it comes from: outputs, tensors between operators and kernels' scratch. That
    /// is what the memory manifest says of the model. Inputs and weights are not in it.
    /// </summary>
    /// <param name="inputs">Inputs by name.</param>
    /// <returns>Most bytes at any one time.</returns>
    /// <inheritdoc cref="Run(RunOptions?, IReadOnlyDictionary{string, OrtValue}, IReadOnlyCollection{string}?)" path="/exception"/>
    public long MeasurePeak(IReadOnlyDictionary<string, OrtValue> inputs) => Trace(inputs, out _).PeakBytes;

    /// <summary>Runs the model once and notes what it allocates.</summary>
    /// <param name="inputs">Inputs by name.</param>
    /// <param name="outputOf">For each allocation the index of the output that it is for; <see cref="PlannedCall.NoOutput"/> for none.</param>
    internal unsafe MemoryTrace Trace(IReadOnlyDictionary<string, OrtValue> inputs, out int[] outputOf)
    {
        if (inputs is null)
            throw new ArgumentNullException(nameof(inputs));
        MemoryTrace trace = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = InMemory(_pool.Rent(CancellationToken.None), null, outputsApart: false, trace, () =>
            WithOptions(null, o => _session.Run(o, [.. inputs.Keys], [.. inputs.Values], _session.OutputNames)));
        outputOf = [.. Enumerable.Repeat(PlannedCall.NoOutput, trace.Bytes.Count)];
        for (int i = 0; i < outputs.Count; i++)
        {
            if (!outputs[i].IsTensor)
                continue;
            fixed (byte* data = outputs[i].GetTensorMutableRawData())
            {
                if (trace.Live.TryGetValue((nint)data, out int call))
                    outputOf[call] = i;
            }
        }
        return trace;
    }

    private IDisposableReadOnlyCollection<OrtValue> Collect(
        RunMemory memory, RunOptions? runOptions, IReadOnlyCollection<string> inputNames, IReadOnlyCollection<OrtValue> inputValues, IReadOnlyCollection<string>? outputNames) =>
        InMemory(memory, null, outputsApart: _options.Outputs == OutputPlacement.OnHeap, null, () =>
        {
            IDisposableReadOnlyCollection<OrtValue> outputs =
                WithOptions(runOptions, o => _session.Run(o, inputNames, inputValues, outputNames ?? _session.OutputNames));
            return _options.Outputs == OutputPlacement.Copied && IsPlanned ? OutputCopies.Of(outputs) : outputs;
        });

    /// <summary>Runs on this thread, with the thread's allocations in the memory; gives the memory back to the pool.</summary>
    private T InMemory<T>(RunMemory memory, IEnumerable<string>? given, bool outputsApart, MemoryTrace? trace, Func<T> run)
    {
        memory.Begin(outputsApart, trace);
        try
        {
            if (given is not null)
            {
                foreach (string name in given)
                {
                    if (name is not null && _outputIndex.TryGetValue(name, out int index))
                        memory.Given(index);
                }
            }
            RunMemory? outer = PlannedAllocator.Enter(memory);
            try
            {
                T result = run();
                memory.End();
                return result;
            }
            finally
            {
                PlannedAllocator.Leave(outer);
                Count(memory);
            }
        }
        finally
        {
            _pool.Return(memory);
        }
    }

    private void Count(RunMemory memory)
    {
        Interlocked.Increment(ref _runs);
        if (memory.UnplannedCalls == 0)
            return;
        Interlocked.Increment(ref _unplannedRuns);
        Interlocked.Add(ref _unplannedCalls, memory.UnplannedCalls);
        Interlocked.Add(ref _unplannedBytes, memory.UnplannedBytes);
        RuntimeEvents.Log.UnplannedAllocations(_model, memory.UnplannedCalls, memory.UnplannedBytes, memory.FirstUnplanned, memory.Reason.ToString());
    }

    private static T WithOptions<T>(RunOptions? options, Func<RunOptions, T> run)
    {
        using RunOptions? own = options is null ? new RunOptions() : null;
        return run(options ?? own!);
    }

    private static void WithOptions(RunOptions? options, Action<RunOptions> run)
    {
        using RunOptions? own = options is null ? new RunOptions() : null;
        run(options ?? own!);
    }

    /// <summary>Names of the outputs for which a binding has memory already: they are bound to a value, or were made by its last run.</summary>
    private static List<string> BoundOutputs(OrtIoBinding binding)
    {
        List<string> bound = [];
        string[] names = binding.GetOutputNames();
        using IDisposableReadOnlyCollection<OrtValue> values = binding.GetOutputValues();
        for (int i = 0; i < names.Length && i < values.Count; i++)
        {
            // An output that is bound to a device and was not made yet is a value of no type.
            if (values[i].OnnxType != OnnxValueType.ONNX_TYPE_UNKNOWN)
                bound.Add(names[i]);
        }
        return bound;
    }
}
