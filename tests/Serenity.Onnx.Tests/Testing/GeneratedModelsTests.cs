using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Testing;

/// <summary>The generated models that other tests stand on: ONNX Runtime runs them, and the same seed gives the same bytes.</summary>
[TestClass]
public sealed class GeneratedModelsTests
{
    [TestMethod]
    public void Irregular_models_run_with_finite_outputs()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            Run(IrregularModels.WattsStrogatz(seed: seed), $"Watts-Strogatz {seed}");
            Run(IrregularModels.DartsCell(seed: seed), $"DARTS {seed}");
        }
    }

    [TestMethod]
    public void Random_models_run()
    {
        for (ulong seed = 0; seed < 60; seed++)
            Run(RandomModel.Create(seed, new RandomModelOptions(Nodes: 10 + (int)seed, ShuffleFile: seed % 2 == 1)).Model, $"seed {seed}", finite: false);
    }

    [TestMethod]
    public void Same_seed_gives_same_bytes()
    {
        Assert.AreEqual(
            "CE2D7A16C801E7EE74B23D6E", Hash(IrregularModels.WattsStrogatz()) + Hash(IrregularModels.DartsCell()) + Hash(RandomModel.Create(7).Model));
    }

    private static string Hash(ModelProto model) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(model.ToByteArray()))[..8];

    private static void Run(ModelProto model, string name, bool finite = true)
    {
        GraphCheck.Check(model, name);
        using SessionOptions options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using InferenceSession session = new(model.ToByteArray(), options);
        TestRandom random = new(3);
        List<NamedOnnxValue> inputs = [];
        foreach ((string input, NodeMetadata metadata) in session.InputMetadata)
            inputs.Add(NamedOnnxValue.CreateFromTensor(input, new DenseTensor<float>(random.Floats(metadata.Dimensions.Aggregate(1L, (a, b) => a * b), 1), metadata.Dimensions)));
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(inputs);
        Assert.HasCount(model.Graph.Output.Count, outputs, name);
        if (finite)
        {
            foreach (float value in outputs[0].AsEnumerable<float>())
                Assert.IsTrue(float.IsFinite(value), name);
        }
    }
}
