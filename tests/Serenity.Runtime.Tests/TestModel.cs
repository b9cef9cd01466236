using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Schema;
using Serenity.Planning.Placement;
using Serenity.Testing.Models;

namespace Serenity.Runtime.Tests;

/// <summary>
/// A model with a plan made from what one run of it allocates, by the placer that the build uses. Sizes of open dimensions are 1 unless given.
/// </summary>
internal sealed class TestModel
{
    private readonly Dictionary<int, MemoryPlan> _plans = [];
    private readonly Dictionary<string, long> _sizes;

    public TestModel(ModelProto model, Dictionary<string, long>? sizes = null)
        : this(model.ToByteArray(), sizes)
    {
    }

    public TestModel(byte[] bytes, Dictionary<string, long>? sizes = null) => (Bytes, _sizes) = (bytes, sizes ?? []);

    /// <summary>The file.</summary>
    public byte[] Bytes { get; }

    /// <summary>Most bytes that the recorded run had in use at a time, by its own count.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>A session with a plan for its number of threads.</summary>
    public PlannedSession Open(PlannedSessionOptions? options = null, int threads = 1)
    {
        using SessionOptions session = new() { IntraOpNumThreads = threads };
        return new PlannedSession(Bytes, Plan(threads), options, session);
    }

    /// <summary>A plain session under the options of a planned one.</summary>
    public InferenceSession OpenPlain(int threads = 1)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            EnableMemoryPattern = false,
            EnableCpuMemArena = false,
        };
        return new InferenceSession(Bytes, options);
    }

    /// <summary>The plan.</summary>
    public MemoryPlan Plan(int threads = 1)
    {
        lock (_plans)
        {
            if (!_plans.TryGetValue(threads, out MemoryPlan? plan))
                _plans[threads] = plan = Record(threads);
            return plan;
        }
    }

    /// <summary>Values for the inputs; the same for the same seed.</summary>
    public Dictionary<string, OrtValue> Inputs(ulong seed = 1, Dictionary<string, long>? sizes = null)
    {
        using InferenceSession session = OpenPlain();
        TestRandom random = new(seed);
        Dictionary<string, OrtValue> inputs = [];
        foreach ((string name, NodeMetadata meta) in session.InputMetadata)
        {
            long[] dims = [.. meta.Dimensions.Select((d, i) => d >= 0 ? d : Size(meta.SymbolicDimensions[i]))];
            OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, meta.ElementDataType, dims);
            if (meta.ElementDataType == TensorElementType.Float)
            {
                foreach (ref float element in value.GetTensorMutableDataAsSpan<float>())
                    element = (float)(random.Unit() * 2 - 1);
            }
            else
            {
                // One is a legal value, index and count of whatever else an input may be.
                value.GetTensorMutableRawData().Clear();
                int bytes = value.GetTensorMutableRawData().Length / (int)Math.Max(1, value.GetTensorTypeAndShape().ElementCount);
                for (int i = 0; i < value.GetTensorMutableRawData().Length; i += bytes)
                    value.GetTensorMutableRawData()[i] = 1;
            }
            inputs.Add(name, value);
        }
        return inputs;

        long Size(string symbol) => sizes?.GetValueOrDefault(symbol) is > 0 and var chosen ? chosen : _sizes.GetValueOrDefault(symbol, 1);
    }

    /// <summary>What a plain session under the same options gives.</summary>
    public byte[][] Expected(Dictionary<string, OrtValue> inputs, int threads = 1)
    {
        using InferenceSession session = OpenPlain(threads);
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, inputs, session.OutputNames);
        return [.. outputs.Select(Copy)];
    }

    /// <summary>The bytes of a tensor.</summary>
    public static byte[] Copy(OrtValue value) =>
        value.GetTensorTypeAndShape().ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray();

    /// <summary>Disposes of inputs.</summary>
    public static void Dispose(Dictionary<string, OrtValue> inputs)
    {
        foreach (OrtValue value in inputs.Values)
            value.Dispose();
    }

    private MemoryPlan Record(int threads)
    {
        using SessionOptions options = new() { IntraOpNumThreads = threads };
        using PlannedSession unplanned = new(Bytes, new MemoryPlan("none", []), null, options);
        Assert.IsFalse(unplanned.IsPlanned);
        Dictionary<string, OrtValue> inputs = Inputs();
        MemoryTrace trace = unplanned.Trace(inputs, out int[] outputOf);
        Dispose(inputs);
        PeakBytes = trace.PeakBytes;

        int[] born = new int[trace.Bytes.Count], died = new int[trace.Bytes.Count];
        Array.Fill(died, trace.Events.Count);
        for (int i = 0; i < trace.Events.Count; i++)
        {
            if (trace.Events[i] >= 0)
                born[trace.Events[i]] = i;
            else
                died[~trace.Events[i]] = i;
        }
        // What is held to the end is held by the caller.
        ArenaProblem problem = new([.. trace.Bytes.Select((bytes, i) => new ArenaBuffer(born[i], died[i], bytes))], [], BlockPlan.Alignment);
        ArenaPlan placed = ArenaPlanner.Place(problem);
        Assert.IsNull(ArenaValidator.FindFault(problem, placed));
        PlannedCall[] calls = [.. trace.Bytes.Select((bytes, i) => new PlannedCall(bytes, placed.Offsets[i], outputOf[i]))];
        string architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return new MemoryPlan(OrtEnv.Instance().GetVersionString(), [new BlockPlan(architecture, threads, placed.SizeBytes, calls)]);
    }
}
