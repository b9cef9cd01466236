using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// One model loaded into ONNX Runtime for runs within a build: single-threaded, limited, and with every failure as one clear error.
/// One thread at a time.
/// </summary>
internal sealed class ModelSession : IDisposable
{
    private readonly RunnableModel _model;
    private readonly InferenceSession _session;
    private readonly string? _profileFolder;
    private readonly bool _measures;
    private readonly List<long> _runBytes = [];
    private long _heldBytes;
    private AllocationTrace? _firstTrace;
    private RunSequence? _firstSequence;
    private int _failedBefore;
    private bool _ran;

    private ModelSession(RunnableModel model, InferenceSession session, string? profileFolder, bool measures) =>
        (_model, _session, _profileFolder, _measures) = (model, session, profileFolder, measures);

    /// <summary>Where the profile goes; null if the session does not observe.</summary>
    internal string? ProfileFolder => _profileFolder;

    /// <summary>Graph inputs that have to be given, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    /// <summary>Graph inputs that have an initializer as their default, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> OverridableInitializers => _session.OverridableInitializerMetadata;

    /// <summary>Most bytes that each run so far had at one time, in order; empty where that is not measured.</summary>
    public IReadOnlyList<long> RunBytes => _runBytes;

    /// <summary>True if it was loaded as a session without options is (<see cref="LoadPlain"/>).</summary>
    public bool IsPlain { get; private init; }

    /// <summary>True if the memory of its runs is ours to see, and to fill; false where another allocator is in use in this process.</summary>
    public bool Measures => _measures;

    /// <summary>Outputs that runs have in the buffer of an input: the input by output.</summary>
    public IReadOnlyDictionary<string, string> Shared { get; set; } = new Dictionary<string, string>();

    /// <summary>Graph outputs in the model's order.</summary>
    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="level">What ONNX Runtime may change; the truthful figure needs ORT_DISABLE_ALL.</param>
    /// <param name="observe">Record what the first run executes and allocates, and hold all runs against their limits.</param>
    /// <param name="freeDimensions">Sizes of symbolic dimensions, by name.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    /// <param name="signed">Fuse signed integers as they are, <see cref="SignedIntegers"/>.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>, <see cref="SerenityCodes.RuntimeMissing"/>,
    /// <see cref="SerenityCodes.InputOutput"/> where the profile cannot be written.</exception>
    public static ModelSession Load(
        RunnableModel model, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_DISABLE_ALL, bool observe = false,
        IReadOnlyDictionary<string, long>? freeDimensions = null, int threads = 1, bool prepack = true, bool signed = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        NativeRuntime.EnsureAvailable();
        using SessionOptions options = TruthfulSessionOptions.Create(threads, prepack);
        if (signed)
            SignedIntegers.Allow(options);
        options.GraphOptimizationLevel = level;
        foreach ((string name, long size) in freeDimensions ?? new Dictionary<string, long>())
            options.AddFreeDimensionOverrideByName(name, size);
        return Load(model, options, observe);
    }

    /// <summary>
    /// Loads a model as a session without options does, but for the number of threads and the layout of the processor; the memory of its runs is ours to see
    /// (<see cref="RunBytes"/>). Null where another allocator is in use in this process.
    /// </summary>
    /// <exception cref="SerenityException">As <see cref="Load(RunnableModel, GraphOptimizationLevel, bool, IReadOnlyDictionary{string, long}, int, bool, bool)"/>.</exception>
    public static ModelSession? LoadPlain(RunnableModel model, int threads, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    {
        ArgumentNullException.ThrowIfNull(model);
        NativeRuntime.EnsureAvailable();
        using SessionOptions options = new() { IntraOpNumThreads = threads, GraphOptimizationLevel = level };
        return MeasuringAllocator.TryUse(options) ? Load(model, options, measures: true, profileFolder: null, plain: true) : null;
    }

    private static ModelSession Load(RunnableModel model, SessionOptions options, bool observe)
    {
        string? profileFolder = null;
        try
        {
            bool measures = observe && MeasuringAllocator.TryUse(options);
            if (observe)
            {
                profileFolder = TemporaryFolder.Create(model.File);
                options.ProfileOutputPathPrefix = Path.Combine(profileFolder, "run");
                options.EnableProfiling = true;
            }
            ModelSession loaded = Load(model, options, measures, profileFolder);
            profileFolder = null;
            return loaded;
        }
        finally
        {
            TemporaryFolder.Delete(profileFolder);
        }
    }

    private static ModelSession Load(RunnableModel model, SessionOptions options, bool measures, string? profileFolder, bool plain = false)
    {
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        PointAtExternalData(model, options);
        string? ownFolder = model.OwnFolder;
        try
        {
            InferenceSession? session = null;
            long held = 0;
            if (measures)
            {
                MeasuringAllocator.Record(RunLimits.Default, static () => { }, () => session = new InferenceSession(model.Bytes, options), out AllocationTrace trace);
                held = trace.HeldBytes;
            }
            ModelSession loaded = new(model, session ?? new InferenceSession(model.Bytes, options), profileFolder, measures) { _heldBytes = held, IsPlain = plain };
            ownFolder = null;
            return loaded;
        }
        catch (OnnxRuntimeException e)
        {
            throw Refused(model, "load", e);
        }
        finally
        {
            TemporaryFolder.Delete(ownFolder);
        }
    }

    /// <summary>Loads a model for what loading does, such as saving what became of it.</summary>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>, <see cref="SerenityCodes.RuntimeMissing"/>.</exception>
    internal static void LoadAndForget(RunnableModel model, SessionOptions options)
    {
        NativeRuntime.EnsureAvailable();
        PointAtExternalData(model, options);
        try
        {
            new InferenceSession(model.Bytes, options).Dispose();
        }
        catch (OnnxRuntimeException e)
        {
            throw Refused(model, "load", e);
        }
    }

    private static void PointAtExternalData(RunnableModel model, SessionOptions options)
    {
        if (model.ExternalFolder is { } folder)
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
    }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">Value of every input.</param>
    /// <param name="limits">What the run may need; held against only by a session that observes.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    /// <returns>Outputs by name, in the model's order.</returns>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>: it fails on these inputs.</exception>
    /// <exception cref="RunLimitException">It needs more than the limits.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<KeyValuePair<string, RuntimeValue>> Run(
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, RunLimits? limits = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        cancellation.ThrowIfCancellationRequested();
        AllocationTrace? trace = null;
        using RunOptions options = new();
        Dictionary<string, OrtValue> values = new(StringComparer.Ordinal);
        try
        {
            foreach ((string name, RuntimeValue value) in inputs)
                values.Add(name, value.ToOrtValue());

            IDisposableReadOnlyCollection<OrtValue>? results = null;
            void RunOnce() => results = RunWith(values, options);
            using (cancellation.Register(() => options.Terminate = true))
            {
                if (_measures)
                    MeasuringAllocator.Record(limits ?? RunLimits.Default, () => options.Terminate = true, RunOnce, out trace);
                else
                    RunOnce();
            }
            using (results)
            {
                if (trace?.LimitStruck == true)
                    throw Unfinished(new RunLimitException());
                if (trace is not null)
                    _runBytes.Add(trace.PeakBytes);
                if (!_ran && _profileFolder is not null && trace is not null)
                {
                    _firstTrace = trace;
                    _firstSequence = trace.Sequence([.. results!.Select(AddressOf)]);
                }
                _ran = true;
                return [.. results!.Select((value, i) => KeyValuePair.Create(_session.OutputNames[i], RuntimeValue.CopyOf(value)))];
            }
        }
        catch (OnnxRuntimeException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Unfinished(trace?.LimitStruck == true ? new RunLimitException() : Refused(_model, "run", e));
        }
        finally
        {
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
    }

    /// <summary>Runs the model with all its memory in a block. The outputs are copied and given back, so that the block is empty again.</summary>
    /// <param name="inputs">Value of every input.</param>
    /// <param name="block">The block; a deviation from its plan is noted there and ends nothing.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    /// <returns>Outputs by name, in the model's order.</returns>
    /// <exception cref="InvalidOperationException">The session does not measure, so its memory is not ours.</exception>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>: it fails on these inputs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal IReadOnlyList<KeyValuePair<string, RuntimeValue>> RunIn(
        GuardedBlock block, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation = default)
    {
        if (!_measures)
            throw new InvalidOperationException("The session does not measure.");
        using RunOptions options = new();
        Dictionary<string, OrtValue> values = new(StringComparer.Ordinal);
        try
        {
            foreach ((string name, RuntimeValue value) in inputs)
                values.Add(name, value.ToOrtValue());
            KeyValuePair<string, RuntimeValue>[] outputs = [];
            using (cancellation.Register(() => options.Terminate = true))
            {
                MeasuringAllocator.RunIn(block, () =>
                {
                    using IDisposableReadOnlyCollection<OrtValue> results = RunWith(values, options);
                    outputs = [.. results.Select((value, i) => KeyValuePair.Create(_session.OutputNames[i], RuntimeValue.CopyOf(value)))];
                });
            }
            block.End();
            return outputs;
        }
        catch (OnnxRuntimeException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Refused(_model, "run", e);
        }
        finally
        {
            foreach (OrtValue value in values.Values)
                value.Dispose();
        }
    }

    /// <summary>One run; its outputs in the model's order. Those that share a buffer are bound to it, as an app does.</summary>
    private IDisposableReadOnlyCollection<OrtValue> RunWith(Dictionary<string, OrtValue> values, RunOptions options)
    {
        if (Shared.Count == 0)
            return _session.Run(options, values, _session.OutputNames);
        using OrtIoBinding binding = _session.CreateIoBinding();
        foreach ((string name, OrtValue value) in values)
            binding.BindInput(name, value);
        foreach (string output in _session.OutputNames)
        {
            if (Shared.TryGetValue(output, out string? input))
                binding.BindOutput(output, values[input]);
            else
                binding.BindOutputToDevice(output, OrtMemoryInfo.DefaultInstance);
        }
        return _session.RunWithBoundResults(options, binding);
    }

    /// <summary>Where a tensor's elements lie; 0 for what is no tensor of numbers, or has none.</summary>
    private static unsafe nint AddressOf(OrtValue value)
    {
        if (!value.IsTensor || value.GetTensorTypeAndShape() is not { ElementCount: > 0 } info || info.ElementDataType == TensorElementType.String)
            return 0;
        fixed (byte* data = value.GetTensorMutableRawData())
            return (nint)data;
    }

    // Made-up inputs need not be such as a kernel takes: what it ran up to there is no run to observe.
    private Exception Unfinished(Exception why)
    {
        _failedBefore += _ran ? 0 : 1;
        return why;
    }

    /// <summary>What the first run executed and allocated that came to its end. Ends the observation: call it once, after the last run.</summary>
    /// <param name="unplannedBodies">Nodes of the main graph of which all that their subgraphs allocate counts as workspace; null for none.</param>
    /// <exception cref="InvalidOperationException">The session does not observe, or no run came to its end.</exception>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.InputOutput"/>: the profile could not be written.</exception>
    public Observation EndObservation(IEnumerable<string>? unplannedBodies = null)
    {
        if (_profileFolder is null || !_ran)
            throw new InvalidOperationException("The session does not observe, or no run came to its end.");
        IReadOnlyList<KernelEvent> kernels;
        try
        {
            kernels = ProfileReader.ReadRun(File.ReadAllBytes(_session.EndProfiling()), _failedBefore);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // It is cut short where there is no more room, which nobody else tells.
            throw TemporaryFolder.Full(_model.File, e);
        }
        MeasuredMemory? memory = _firstTrace?.Measure(kernels, new HashSet<string>(unplannedBodies ?? [], StringComparer.Ordinal));
        memory = memory is null ? null : memory with { SessionBytes = _heldBytes };
        return new(kernels, memory, _firstSequence);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        TemporaryFolder.Delete(_profileFolder);
        TemporaryFolder.Delete(_model.OwnFolder);
    }

    private static SerenityException Refused(RunnableModel model, string what, OnnxRuntimeException e) =>
        new(SerenityCodes.RuntimeRefuses, model.File,
            $"ONNX Runtime {NativeRuntime.Version} cannot {what} the model: {RuntimeMessage.Plain(e)}"
            + " Check the model with the tool that exported it, or export it again.", e);
}
