using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Fuzzing.Inputs;
using Serenity.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Checks;

/// <summary>A model that the build planned, beside its plan, and what it gives on some inputs in the block of that plan.</summary>
internal sealed class PlannedModel
{
    private readonly string _path;
    private readonly byte[][] _expected;

    private PlannedModel(string name, string path, byte[] plan)
    {
        (Name, _path, Plan) = (name, path, plan);
        using PlannedSession session = new(path);
        _expected = Run(session);
        if (!session.IsPlanned || session.UnplannedCalls > 0)
            throw new InvalidOperationException($"{name} does not run in its plan to begin with: {session.WhyNotPlanned} {session.UnplannedCalls} allocations elsewhere.");
    }

    /// <summary>What it is, for reports.</summary>
    public string Name { get; }

    /// <summary>The plan as the build wrote it.</summary>
    public byte[] Plan { get; }

    /// <summary>Where its plan is read from.</summary>
    public string PlanPath => MemoryPlan.PathFor(_path);

    /// <summary>
    /// Builds a model in a folder, in a process of its own: this one's ONNX Runtime is for sessions that have an allocator in it. Null where it gets no plan, or takes what is no float.
    /// </summary>
    /// <param name="seed">The model.</param>
    /// <param name="folder">A folder of the caller's own.</param>
    public static PlannedModel? Build(Seed seed, string folder)
    {
        if (seed.Model is not { } model || model.Graph.Input.Any(i => i.Type?.TensorType?.ElemType != 1 || i.Type.TensorType.Shape.Dim.Any(d => d.DimParam.Length > 0)))
            return null;
        FuzzInput input = new()
        {
            Origin = seed.Name,
            FileName = "net.onnx",
            Model = seed.Bytes,
            Metadata = [],
            Files = [],
            Properties = new Dictionary<string, string>(),
        };
        FuzzProject project = new(folder, input, isolate: true);
        if (!project.Build().Passed)
            return null;
        string path = Directory.GetFiles(project.Staging, "net.onnx", SearchOption.AllDirectories)[0];
        byte[] plan = File.ReadAllBytes(MemoryPlan.PathFor(path));
        return MemoryPlan.Load(MemoryPlan.PathFor(path)).Blocks is [{ CallCount: > 0 }, ..] ? new PlannedModel(seed.Name, path, plan) : null;
    }

    /// <summary>Runs the model with the plan that lies beside it now.</summary>
    /// <returns>Whether all of the run was in the block, and whether its outputs are those of the plan that the build wrote, bit for bit.</returns>
    public (bool Planned, bool Same) Run()
    {
        using PlannedSession session = new(_path);
        byte[][] outputs = Run(session);
        return (session.IsPlanned && session.UnplannedCalls == 0, outputs.Length == _expected.Length && outputs.Zip(_expected).All(o => o.First.AsSpan().SequenceEqual(o.Second)));
    }

    private static byte[][] Run(PlannedSession session)
    {
        TestRandom random = new(1);
        Dictionary<string, OrtValue> inputs = new(StringComparer.Ordinal);
        try
        {
            foreach (string name in session.InputNames)
            {
                long[] shape = [.. session.InputMetadata[name].Dimensions.Select(d => (long)d)];
                inputs.Add(name, OrtValue.CreateTensorValueFromMemory(random.Floats(shape.Aggregate(1L, (a, b) => a * b), 1), shape));
            }
            using RunOptions options = new();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, inputs, session.OutputNames);
            return [.. outputs.Select(o => o.GetTensorMutableRawData().ToArray())];
        }
        finally
        {
            foreach (OrtValue value in inputs.Values)
                value.Dispose();
        }
    }
}
