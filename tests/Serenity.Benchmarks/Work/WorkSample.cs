using System.Globalization;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Benchmarks.Work;

/// <summary>One form of a model, as measured: its file, the time of each kernel, and the whole run's. Kept in a folder, so that prices are fitted again without measuring again.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Form">Which form of it: <see cref="Plain"/>, or the work limit it was planned for.</param>
/// <param name="File">The form itself.</param>
/// <param name="Nanoseconds">Processor time of a run.</param>
/// <param name="Kernels">Nanoseconds of each kernel, by node name, as the profile tells them.</param>
internal sealed record WorkSample(string Model, string Form, ModelProto File, double Nanoseconds, IReadOnlyDictionary<string, double> Kernels)
{
    /// <summary>The form that others are held against: fused, and in the best order, but not rewritten.</summary>
    public const string Plain = "plain";

    private const string Total = "(run)", Blocked = ".blocked";

    private ShapeTable? _shapes;

    /// <summary>The name of a form in blocks of channels.</summary>
    /// <param name="form">The portable form.</param>
    /// <param name="block">Channels in a block.</param>
    public static string InBlocks(string form, int block) => string.Create(CultureInfo.InvariantCulture, $"{form}{Blocked}{block}");

    /// <summary>Channels in a block; 0 for a portable form.</summary>
    public int Block { get; } = Form.IndexOf(Blocked, StringComparison.Ordinal) is >= 0 and int at ? int.Parse(Form[(at + Blocked.Length)..], CultureInfo.InvariantCulture) : 0;

    /// <summary>The portable form that this one is.</summary>
    public string Portable { get; } = Form.IndexOf(Blocked, StringComparison.Ordinal) is >= 0 and int at ? Form[..at] : Form;

    /// <summary>Where the sample is kept, its external data beside it.</summary>
    public string Folder { get; private init; } = "";

    /// <summary>Types of all values, from ONNX Runtime.</summary>
    public ShapeTable Shapes => _shapes ??= ShapeInference.Run(File, Path.GetFullPath(Path.Combine(Folder, "model.onnx")), new Dictionary<string, long>()).Main;

    /// <summary>The terms of the whole run.</summary>
    public TimeSum Terms()
    {
        TimeSum sum = new(keepsAmounts: true);
        KernelWeights weights = new(File.Graph, Shapes);
        foreach (NodeProto node in File.Graph.Node)
            Add(sum, node, weights);
        return sum;
    }

    /// <summary>The terms of each kernel that was measured.</summary>
    public IEnumerable<(NodeProto Node, TimeSum Terms, double Nanoseconds)> Nodes()
    {
        KernelWeights weights = new(File.Graph, Shapes);
        foreach (NodeProto node in File.Graph.Node)
        {
            if (!Kernels.TryGetValue(node.Name, out double nanoseconds) || ConstantNode.Is(node))
                continue;
            TimeSum sum = new(keepsAmounts: true);
            Add(sum, node, weights);
            yield return (node, sum, nanoseconds);
        }
    }

    private void Add(TimeSum sum, NodeProto node, KernelWeights weights)
    {
        if (!BlockedTerms.TryAdd(sum, new KernelShapes(node, weights.TypeOf, weights.IsWeight), Block))
            KernelTime.Add(sum, node, weights.TypeOf, weights.IsWeight);
    }

    /// <summary>Writes the sample into a folder.</summary>
    public void Save(string folder)
    {
        ModelFile.Save(File, Path.Combine(folder, $"{Model}.{Form}.onnx"));
        System.IO.File.WriteAllLines(
            Path.Combine(folder, $"{Model}.{Form}.tsv"),
            Kernels.Prepend(KeyValuePair.Create(Total, Nanoseconds)).Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Key}\t{k.Value:F0}")));
    }

    /// <summary>Reads all samples of a folder.</summary>
    public static IReadOnlyList<WorkSample> ReadAll(string folder)
    {
        List<WorkSample> samples = [];
        foreach (string path in Directory.GetFiles(folder, "*.tsv").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(path), model = Path.ChangeExtension(path, ".onnx");
            int dot = name.IndexOf(".plain", StringComparison.Ordinal) is >= 0 and int plain ? plain : name.LastIndexOf(".x", StringComparison.Ordinal);
            if (dot < 0 || !System.IO.File.Exists(model))
                continue;
            Dictionary<string, double> times = new(StringComparer.Ordinal);
            foreach (string[] line in System.IO.File.ReadAllLines(path).Select(l => l.Split('\t')))
                times[line[0]] = double.Parse(line[1], CultureInfo.InvariantCulture);
            times.Remove(Total, out double total);
            samples.Add(new WorkSample(name[..dot], name[(dot + 1)..], ModelProto.Parser.ParseFrom(System.IO.File.ReadAllBytes(model)), total, times) { Folder = folder });
        }
        return samples;
    }
}
