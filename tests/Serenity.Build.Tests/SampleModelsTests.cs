using Google.Protobuf;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests;

/// <summary>The models of the samples are our own generator's, checked in so that a sample builds without it.</summary>
[TestClass]
public sealed class SampleModelsTests
{
    private static readonly (string File, Func<ModelProto> Generate)[] _models =
    [
        ("Arena/models/wakeword.onnx", () => IrregularModels.DartsCell(vertices: 4, seed: 6, channels: 8, size: 12)),
        ("ConsoleApp/models/randwire.onnx", () => IrregularModels.WattsStrogatz(vertices: 16, seed: 3, channels: 8, size: 16)),
        ("Devices/models/randwire.onnx", () => IrregularModels.WattsStrogatz(vertices: 12, seed: 5, channels: 8, size: 16)),
        ("Devices/models/darts.onnx", () => IrregularModels.DartsCell(vertices: 4, seed: 1, channels: 8, size: 14)),
        ("Devices/models/tiny.onnx", () => IrregularModels.WattsStrogatz(vertices: 8, seed: 2, channels: 4, size: 8)),
        ("Memories/models/wakeword.onnx", () => IrregularModels.DartsCell(vertices: 4, seed: 6, channels: 8, size: 12)),
    ];

    [TestMethod]
    public void The_models_of_the_samples_are_what_the_generator_makes()
    {
        string samples = Path.Combine(Checkout.Root, "samples");
        bool write = Environment.GetEnvironmentVariable("SERENITY_WRITE_SAMPLE_MODELS") == "1";
        foreach ((string file, Func<ModelProto> generate) in _models)
        {
            string path = Path.Combine(samples, file);
            if (write)
                ModelFile.Save(generate(), path);
            Assert.IsTrue(generate().ToByteArray().AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"{file}: run with SERENITY_WRITE_SAMPLE_MODELS=1 to write it anew");
        }
    }
}
