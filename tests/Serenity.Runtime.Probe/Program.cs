using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Runtime;

// serenity-runtime-probe <verb> <model.onnx with one float input> : prints lines of "name value". "stated" needs no plan beside the model, and no model.
if (args is ["stated", ..])
    return StatedSession.Run(args.ElementAtOrDefault(1));
string verb = args[0], model = args[1];
MemoryPlan plan = MemoryPlan.Load(MemoryPlan.PathFor(model));
string framework = typeof(PlannedSession).Assembly.GetCustomAttributes(typeof(TargetFrameworkAttribute), false) is [TargetFrameworkAttribute target] ? target.FrameworkName : "?";
Console.WriteLine($"framework {framework}");
switch (verb)
{
    case "run":
        // The runs of a plain session and of a planned one, in turns.
        using (PlannedSession session = new(model))
        using (InferenceSession plain = new(model))
        {
            bool same = true;
            for (int round = 0; round < 5; round++)
            {
                using Inputs inputs = new(session.InputMetadata, round);
                using RunOptions options = new();
                using IDisposableReadOnlyCollection<OrtValue> ours = session.Run(null, inputs.Values), theirs = plain.Run(options, inputs.Values, plain.OutputNames);
                for (int i = 0; i < ours.Count; i++)
                    same &= Close(ours[i].GetTensorDataAsSpan<float>(), theirs[i].GetTensorDataAsSpan<float>());
            }
            Console.WriteLine($"same {same}\nplanned {session.IsPlanned}\nunplanned {session.UnplannedCalls}");
        }
        break;
    case "arena" or "custom":
        // Another allocator was registered before.
        if (verb == "arena")
            RegisterArena();
        else
            ForeignAllocator.Register();
        try
        {
            new PlannedSession(model).Dispose();
            Console.WriteLine("error none");
        }
        catch (InvalidOperationException e)
        {
            Console.WriteLine($"error {e.Message}");
        }
        using (PlannedSession session = new(model, new PlannedSessionOptions { AllowHeap = true }))
        using (Inputs inputs = new(session.InputMetadata, 1))
        {
            session.Run(null, inputs.Values).Dispose();
            Console.WriteLine($"planned {session.IsPlanned}\nwhy {session.WhyNotPlanned}\nruns {session.RunCount}");
        }
        break;
    case "later":
        // Another allocator is registered while a session is in use.
        using (PlannedSession session = new(model))
        using (Inputs inputs = new(session.InputMetadata, 1))
        {
            session.Run(null, inputs.Values).Dispose();
            RegisterArena();
            session.Run(null, inputs.Values).Dispose();
            Console.WriteLine($"before {session.UnplannedCalls}");
            try
            {
                new PlannedSession(model).Dispose();
                Console.WriteLine("error none");
            }
            catch (InvalidOperationException e)
            {
                Console.WriteLine($"error {e.Message}");
            }
        }
        break;
    case "exit":
        // The process ends with a session and outputs in use.
        PlannedSession left = new(model);
        Inputs kept = new(left.InputMetadata, 1);
        Console.WriteLine($"outputs {left.Run(null, kept.Values).Count}");
        break;
    case "layout":
        // The model in the layout of this processor, beside the source in a session without options; then the file of a layout that it does not have.
        string source = args[2], picked = ModelLayout.PathFor(model, "blocked8", "blocked16"), other = Path.ChangeExtension(model, ModelLayout.Host == "blocked8" ? "blocked16.onnx" : "blocked8.onnx");
        Console.WriteLine($"host {ModelLayout.Host}");
        using (PlannedSession session = new(picked))
        using (InferenceSession original = new(source))
        using (Inputs inputs = new(session.InputMetadata, 1))
        using (RunOptions options = new())
        {
            using IDisposableReadOnlyCollection<OrtValue> theirs = original.Run(options, inputs.Values, original.OutputNames);
            using (IDisposableReadOnlyCollection<OrtValue> ours = session.Run(null, inputs.Values))
                Console.WriteLine($"layout {session.Layout}\nsame {AllClose(ours, theirs)}\nplanned {session.IsPlanned}\nunplanned {session.UnplannedCalls}");
            Console.WriteLine($"bytes {session.MeasurePeak(inputs.Values)}");
            try
            {
                new PlannedSession(other).Dispose();
                Console.WriteLine("refused False");
            }
            catch (PlatformNotSupportedException e)
            {
                Console.WriteLine($"refused {e.Message.Contains(ModelLayout.Host, StringComparison.Ordinal)}");
            }
            try
            {
                using InferenceSession anyway = new(other);
                using IDisposableReadOnlyCollection<OrtValue> wrong = anyway.Run(options, inputs.Values, anyway.OutputNames);
                Console.WriteLine($"other {(AllClose(wrong, theirs) ? "right" : "wrong")}");
            }
            catch (OnnxRuntimeException)
            {
                Console.WriteLine("other fails");
            }
        }
        break;
    default:
        return 2;
}
return 0;

static void RegisterArena()
{
    using OrtMemoryInfo memory = new(OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default);
    using OrtArenaCfg limits = new(0, -1, -1, -1);
    OrtEnv.Instance().CreateAndRegisterAllocator(memory, limits);
}

static bool AllClose(IReadOnlyList<OrtValue> a, IReadOnlyList<OrtValue> b)
{
    bool same = a.Count == b.Count;
    for (int i = 0; same && i < a.Count; i++)
        same = Close(a[i].GetTensorDataAsSpan<float>(), b[i].GetTensorDataAsSpan<float>());
    return same;
}

static bool Close(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
{
    for (int i = 0; i < a.Length; i++)
    {
        if (Math.Abs(a[i] - b[i]) > 1e-4f * Math.Max(1, Math.Abs(b[i])))
            return false;
    }
    return a.Length == b.Length;
}

/// <summary>Made-up inputs.</summary>
internal sealed class Inputs : IDisposable
{
    public Inputs(IReadOnlyDictionary<string, NodeMetadata> metadata, int seed)
    {
        foreach ((string name, NodeMetadata meta) in metadata)
        {
            OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [.. meta.Dimensions.Select(d => (long)d)]);
            Span<float> elements = MemoryMarshal.Cast<byte, float>(value.GetTensorMutableRawData());
            for (int i = 0; i < elements.Length; i++)
                elements[i] = MathF.Sin(i + seed);
            Values.Add(name, value);
        }
    }

    public Dictionary<string, OrtValue> Values { get; } = [];

    public void Dispose()
    {
        foreach (OrtValue value in Values.Values)
            value.Dispose();
    }
}
