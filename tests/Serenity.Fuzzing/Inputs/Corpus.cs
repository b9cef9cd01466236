using Google.Protobuf;
using Google.Protobuf.Reflection;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>A model to start from.</summary>
/// <param name="Name">What it is, for reports.</param>
/// <param name="Bytes">Its file.</param>
/// <param name="Model">The same, parsed; null if it is no model to begin with.</param>
public sealed record Seed(string Name, byte[] Bytes, ModelProto? Model);

/// <summary>
/// What inputs are made from: small models of our own generators, and small ones of the test data beside the checkout where that is present; and
/// parts of them, by message type, to be spliced into others. Everything in a fixed order, so that a seed and a number give one input.
/// </summary>
public sealed class Corpus
{
    private const int LargestShared = 64 << 10, MostPartsOfAType = 3000, LargestPart = 8 << 10;

    private readonly Dictionary<string, List<IMessage>> _parts = new(StringComparer.Ordinal);
    private readonly List<Seed> _seeds = [];

    /// <summary>Collects the models.</summary>
    /// <param name="shared">With the test data beside the checkout; without it, every machine has the same corpus.</param>
    public Corpus(bool shared)
    {
        for (ulong i = 0; i < 12; i++)
            Add($"random{i}", RandomModel.Create(100 + i, new RandomModelOptions(Nodes: 6 + (int)i, Channels: 2, Size: 4, ShuffleFile: i % 3 == 0)).Model);
        Add("darts", IrregularModels.DartsCell(3, seed: 4, channels: 2, size: 4));
        Add("darts wide", IrregularModels.DartsCell(4, seed: 9, channels: 3, size: 5));
        Add("watts-strogatz", IrregularModels.WattsStrogatz(6, 4, 0.75, 3, channels: 2, size: 6));
        Add("loop", SmallModels.Loop());
        Add("scan", SmallModels.Scan());
        Add("if", SmallModels.If());
        Add("function", SmallModels.Function());
        Add("quantized", SmallModels.Quantized());
        Add("sparse", SmallModels.Sparse());
        Add("symbolic", SmallModels.Symbolic());
        if (shared)
        {
            foreach (string path in SharedData.Files("models", "*.onnx"))
            {
                // A file of "light" is small because its weights are made up when it is run, which takes a second.
                if (new FileInfo(path).Length <= LargestShared && !path.Contains("light", StringComparison.Ordinal))
                    Add(Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path));
            }
        }
        OperatorTypes = [.. Seeds.SelectMany(s => s.Model?.Graph.Node ?? []).Select(n => n.OpType).Concat(SmallModels.OtherOperators)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The models.</summary>
    public IReadOnlyList<Seed> Seeds => _seeds;

    /// <summary>Operators seen in the models, and some that do something special.</summary>
    public IReadOnlyList<string> OperatorTypes { get; }

    /// <summary>A copy of a part of some model, of a message type; null if no model has one.</summary>
    public IMessage? Part(MessageDescriptor type, TestRandom random) =>
        _parts.TryGetValue(type.FullName, out List<IMessage>? parts) ? ProtoTree.Clone(random.Pick(parts)) : null;

    /// <summary>A graph of some model; not to be changed.</summary>
    public GraphProto Graph(TestRandom random)
    {
        while (true)
        {
            if (random.Pick(_seeds).Model is { } model)
                return model.Graph;
        }
    }

    private void Add(string name, ModelProto model) => Add(name, model.ToByteArray());

    private void Add(string name, byte[] bytes)
    {
        ModelProto? model = null;
        try
        {
            model = ModelFile.Parse(bytes, name);
        }
        catch (Onnx.Diagnostics.SerenityException)
        {
            // A bad model is a seed too: for changes of its bytes.
        }
        _seeds.Add(new Seed(name, bytes, model));
        if (model is null)
            return;
        foreach (IMessage part in ProtoTree.Messages(model))
        {
            if (!_parts.TryGetValue(part.Descriptor.FullName, out List<IMessage>? list))
                _parts.Add(part.Descriptor.FullName, list = []);
            if (list.Count < MostPartsOfAType && part.CalculateSize() <= LargestPart)
                list.Add(part);
        }
    }
}
