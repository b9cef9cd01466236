using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>One project with one model in it.</summary>
public sealed record FuzzInput
{
    /// <summary>A file beside the model, that it may name as its external data.</summary>
    internal const string DataFile = "net.data";

    /// <summary>Where external data may not be.</summary>
    internal static readonly string[] Escapes =
        ["../secret.bin", "../../secret.bin", "/etc/hostname", "link.data", "sub/../../secret.bin", "", ".", "..", "\\..\\secret.bin", "C:/secret.bin", "*/_ORT_MEM_ADDR_/*", "missing.data", "a\0b", "line\nbreak", "file:///etc/hostname", "NET.DATA"];

    /// <summary>What it was made from and how, in a few words.</summary>
    public required string Origin { get; init; }

    /// <summary>The model's name in the folder <c>models</c> of the project.</summary>
    public required string FileName { get; init; }

    /// <summary>The model's file; null for none.</summary>
    public required byte[]? Model { get; init; }

    /// <summary>Metadata of its item.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    /// <summary>Other files, by path below the project.</summary>
    public required IReadOnlyList<KeyValuePair<string, byte[]>> Files { get; init; }

    /// <summary>Budgets, device and namespace of the project.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>Makes an input.</summary>
    /// <param name="corpus">What it is made from.</param>
    /// <param name="seed">The campaign's seed.</param>
    /// <param name="index">Its number; the same corpus, seed and number give the same input.</param>
    public static FuzzInput Create(Corpus corpus, ulong seed, long index)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        TestRandom random = new(unchecked((seed * 0xD1342543DE82EF95) ^ (ulong)index));
        Seed from = random.Pick(corpus.Seeds);
        bool strange = random.Chance(0.2);
        MetadataMutation metadata = new(random, strange);
        (byte[]? model, string how) = ChangeModel(corpus, from, random);
        List<KeyValuePair<string, string>> item = metadata.Item();
        (IReadOnlyList<KeyValuePair<string, byte[]>> files, string pattern) = new SampleMutation(corpus, random).Make(from.Model);
        new OptionMutation(from.Model, random, strange).AddTo(item, pattern);
        return new FuzzInput
        {
            Origin = $"{from.Name}, {how}{string.Concat(item.Where(m => m.Key != "TargetPath").Select(m => $", {m.Key}={m.Value}"))}",
            FileName = metadata.FileName(),
            Model = model,
            Metadata = item,
            Files = files,
            Properties = metadata.Properties(),
        };
    }

    private static (byte[]? Model, string How) ChangeModel(Corpus corpus, Seed from, TestRandom random)
    {
        int kind = random.Next(20);
        if (kind == 0)
            return (random.Chance(0.1) ? null : from.Bytes, "as it is");
        if (kind <= 3 || from.Model is null)
            return (ByteMutation.Apply(from.Bytes, corpus, random), "bytes");
        ModelProto model = from.Model.Clone();
        GraphMutation graphs = new(corpus, random);
        FieldMutation fields = new(corpus, random);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            if (kind <= 13)
                graphs.Apply(model);
            else
                fields.Apply(model);
        }
        byte[] bytes = model.ToByteArray();
        return kind == 4 ? (ByteMutation.Apply(bytes, corpus, random), "graph and bytes") : (bytes, kind <= 13 ? "graph" : "fields");
    }
}
