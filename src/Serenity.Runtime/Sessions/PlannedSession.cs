using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

/// <summary>
/// A session that runs an optimized model in one block of memory, of exactly the size that the build planned. It takes the place of
/// <see cref="InferenceSession"/> and may be used by several threads.
/// <para>
/// Allocations of a run, kernels' scratch included, get the places that the plan has for them, one after the other. An allocation that is not in
/// the plan comes from the heap, and is counted (<see cref="UnplannedCalls"/>) and reported (event source <c>Serenity-Runtime</c>). Results never depend on the plan.
/// </para>
/// </summary>
public sealed partial class PlannedSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunPool _pool;
    private readonly PlannedSessionOptions _options;
    private readonly BlockPlan? _plan;
    private readonly string _model;
    private readonly Dictionary<string, int> _outputIndex;
    private long _runs;
    private long _unplannedRuns;
    private long _unplannedCalls;
    private long _unplannedBytes;

    /// <summary>Loads an optimized model and the plan beside it.</summary>
    /// <param name="modelPath">Path of the optimized model; its plan is at <see cref="MemoryPlan.PathFor"/>. Without one everything comes from the heap (<see cref="WhyNotPlanned"/>).</param>
    /// <param name="options">How memory is taken and shared; null for the defaults.</param>
    /// <param name="sessionOptions">What the app needs of ONNX Runtime; what the plan needs is set in it. Null for what the plan needs. The caller disposes of it.</param>
    /// <exception cref="FileNotFoundException">There is no model.</exception>
    /// <exception cref="PlatformNotSupportedException">The model is in a layout that this processor does not have.</exception>
    /// <exception cref="InvalidDataException">The plan cannot be read.</exception>
    /// <exception cref="InvalidOperationException">Another allocator is registered in this process (see <see cref="PlannedSessionOptions.AllowHeap"/>), or a block cannot be locked.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system has no memory for a block.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime cannot load the model.</exception>
    public PlannedSession(string modelPath, PlannedSessionOptions? options = null, SessionOptions? sessionOptions = null)
        : this(modelPath ?? throw new ArgumentNullException(nameof(modelPath)), null, PlanBeside(modelPath), options, sessionOptions)
    {
    }

    /// <summary>Loads an optimized model with a plan that was read before.</summary>
    /// <param name="modelPath">Path of the optimized model.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="options">How memory is taken and shared; null for the defaults.</param>
    /// <param name="sessionOptions">What the app needs of ONNX Runtime; what the plan needs is set in it. Null for what the plan needs. The caller disposes of it.</param>
    /// <exception cref="FileNotFoundException">There is no model.</exception>
    /// <exception cref="PlatformNotSupportedException">The model is in a layout that this processor does not have.</exception>
    /// <exception cref="InvalidOperationException">Another allocator is registered in this process (see <see cref="PlannedSessionOptions.AllowHeap"/>), or a block cannot be locked.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system has no memory for a block.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime cannot load the model.</exception>
    public PlannedSession(string modelPath, MemoryPlan plan, PlannedSessionOptions? options = null, SessionOptions? sessionOptions = null)
        : this(modelPath ?? throw new ArgumentNullException(nameof(modelPath)), null, plan, options, sessionOptions)
    {
    }

    /// <summary>Loads an optimized model from memory.</summary>
    /// <param name="model">Bytes of the optimized model. ONNX Runtime copies what it needs of them.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="options">How memory is taken and shared; null for the defaults.</param>
    /// <param name="sessionOptions">What the app needs of ONNX Runtime; what the plan needs is set in it. Null for what the plan needs. The caller disposes of it.</param>
    /// <exception cref="InvalidOperationException">Another allocator is registered in this process (see <see cref="PlannedSessionOptions.AllowHeap"/>), or a block cannot be locked.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system has no memory for a block.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime cannot load the model.</exception>
    public PlannedSession(byte[] model, MemoryPlan plan, PlannedSessionOptions? options = null, SessionOptions? sessionOptions = null)
        : this("a model in memory", model ?? throw new ArgumentNullException(nameof(model)), plan, options, sessionOptions)
    {
    }

    private PlannedSession(string name, byte[]? bytes, MemoryPlan plan, PlannedSessionOptions? options, SessionOptions? sessionOptions)
    {
        if (plan is null)
            throw new ArgumentNullException(nameof(plan));
        if (bytes is null && !File.Exists(name))
            throw Missing(name);
        if (plan.Layout != ModelLayout.Portable && plan.Layout != ModelLayout.Host)
            throw OtherLayout(name, plan.Layout);
        _model = name;
        Layout = plan.Layout;
        _options = (options ?? new PlannedSessionOptions()).Copy();
        using SessionOptions? own = sessionOptions is null ? new SessionOptions() : null;
        SessionOptions used = sessionOptions ?? own!;
        _plan = Choose(plan, used, out string? why);
        Require(used, plan);
        string? refusal = PlannedAllocator.Use(used);
        if (refusal is not null && !_options.AllowHeap)
            throw Refused(refusal);
        _session = bytes is null ? new InferenceSession(name, used) : new InferenceSession(bytes, used);
        try
        {
            if (refusal is null && !AllocatorCheck.IsMet(_session))
            {
                refusal = "Another was registered since.";
                if (!_options.AllowHeap)
                    throw Refused(refusal);
            }
            if (refusal is not null)
            {
                _plan = null;
                why = $"another allocator serves the sessions of this process ({refusal})";
            }
            WhyNotPlanned = why;
            _pool = new RunPool(_plan, _options, _session.Dispose);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
        _outputIndex = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < _session.OutputNames.Count; i++)
            _outputIndex[_session.OutputNames[i]] = i;
        if (why is not null)
            RuntimeEvents.Log.NotPlanned(_model, why);
    }

    /// <summary>True if runs take place in the block; false if everything comes from the heap, and <see cref="WhyNotPlanned"/> says why.</summary>
    public bool IsPlanned => _plan is not null;

    /// <summary>Why runs take everything from the heap; null if they do not.</summary>
    public string? WhyNotPlanned { get; }

    /// <summary>The layout of the model: "portable", "blocked8" or "blocked16" (<see cref="ModelLayout"/>).</summary>
    public string Layout { get; }

    /// <summary>Bytes of one block, of which each run that goes on at a time takes one; 0 where there is no plan.</summary>
    public long BlockBytes => _plan?.BlockBytes ?? 0;

    /// <summary>Blocks taken so far; at most <see cref="PlannedSessionOptions.MaxConcurrency"/>.</summary>
    public int BlockCount => _pool.Blocks.Count;

    /// <summary>Runs so far, those that failed included.</summary>
    public long RunCount => Interlocked.Read(ref _runs);

    /// <summary>Runs in which an allocation came from the heap that should have been in the block.</summary>
    public long UnplannedRuns => Interlocked.Read(ref _unplannedRuns);

    /// <summary>Allocations of all runs for which the plan had no place.</summary>
    public long UnplannedCalls => Interlocked.Read(ref _unplannedCalls);

    /// <summary>Their bytes, summed up.</summary>
    public long UnplannedBytes => Interlocked.Read(ref _unplannedBytes);

    /// <summary>The model's inputs, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> InputMetadata => _session.InputMetadata;

    /// <summary>Names of the model's inputs, in its order.</summary>
    public IReadOnlyList<string> InputNames => _session.InputNames;

    /// <summary>The model's outputs, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> OutputMetadata => _session.OutputMetadata;

    /// <summary>Names of the model's outputs, in its order.</summary>
    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>Inputs that have a default, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> OverridableInitializerMetadata => _session.OverridableInitializerMetadata;

    /// <summary>What the model says about itself.</summary>
    public ModelMetadata ModelMetadata => _session.ModelMetadata;

    /// <summary>
    /// Ends the session. Never waits: runs that are waiting for a block end with <see cref="ObjectDisposedException"/>, runs that are going on end as ever, and with
    /// the last of them the memory is given back. Outputs that you still hold stay valid, and keep their block until you dispose of them.
    /// </summary>
    public void Dispose() => _pool.Dispose();

    /// <summary>The blocks taken so far.</summary>
    internal IReadOnlyList<MemoryBlock> Blocks => _pool.Blocks;

    /// <summary>Who shares the blocks out.</summary>
    internal RunPool Pool => _pool;

    private static InvalidOperationException Refused(string why) => new(
        $"Planned sessions cannot have their allocator: {why} ONNX Runtime knows one allocator for the CPU's memory per process."
        + " Do not register another (OrtEnv.CreateAndRegisterAllocator, RegisterAllocator), or set AllowHeap to run without the plan.");

    private static PlatformNotSupportedException OtherLayout(string model, string layout) => new(
        $"{model} is a model in layout {layout}, and ONNX Runtime's on this processor is {ModelLayout.Host}: it would most likely run, and give wrong results. Load the portable model,"
        + " or the one that ModelLayout.PathFor names, as the generated CreateSession() does.");

    private static FileNotFoundException Missing(string modelPath) => new(
        $"There is no model at '{modelPath}'. Serenity.Build puts it there when the project is built, but not with SerenityEnabled=false; SerenityPassThrough=true copies the models"
        + " as they are. A model that was published has its place beside the app.", modelPath);

    private static MemoryPlan PlanBeside(string modelPath)
    {
        string path = MemoryPlan.PathFor(modelPath);
        return File.Exists(path) ? MemoryPlan.Load(path) : new MemoryPlan("none", [])
        {
            WhyEmpty = $"there is no plan at {path}; Serenity.Build writes it beside an optimized model, and it must be shipped with it",
        };
    }

    private static BlockPlan? Choose(MemoryPlan plan, SessionOptions options, out string? why)
    {
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        // 0 is ONNX Runtime's own default, one thread per core: whoever did not choose gets the number that was planned.
        if (options.IntraOpNumThreads == 0)
            options.IntraOpNumThreads = plan.Blocks.Count > 0 ? plan.Blocks[0].Threads : 1;
        BlockPlan? found = plan.Find(architecture, options.IntraOpNumThreads);
        why = found is null ? plan.WhyEmpty ?? $"the plan has no block for {architecture} with {options.IntraOpNumThreads} thread(s)" : null;
        return found;
    }

    /// <summary>The options under which a run makes the planned sequence of allocations.</summary>
    private static void Require(SessionOptions options, MemoryPlan plan)
    {
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
        options.EnableMemoryPattern = false;
        options.EnableCpuMemArena = false;
        options.InterOpNumThreads = 1;
        // On arm64 processors with SME these kernels make other calls, and take memory that no allocator sees.
        // The options of the generated code say so already, and ONNX Runtime warns of an entry that is set again.
        Require(options, "mlas.disable_kleidiai", "1");
        string prepacking = "session.disable_prepacking";
        if (!plan.Prepack)
            Require(options, prepacking, "1");
        else if (NativeApi.HasConfigEntry(options, prepacking, "1"))
            options.AddSessionConfigEntry(prepacking, "0");
    }

    private static void Require(SessionOptions options, string key, string value)
    {
        if (!NativeApi.HasConfigEntry(options, key, value))
            options.AddSessionConfigEntry(key, value);
    }
}
