using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>Patterns of what is computed twice, or could be. Each returns whether its kind of rewrite must match.</summary>
internal static class CopyPatterns
{
    /// <summary>The same twice, or almost the same.</summary>
    [PatternOf("DuplicateMerging", 10)]
    public static bool Duplicates(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float16]);
        PatternValue value = b.Source(b.Random.Next(1, 5));
        bool same = b.Random.Chance(0.7), asOutput = b.Random.Chance(0.1), alike = b.Random.Chance(0.2);
        float factor = 0.5f;
        string[] copies = new string[2];
        int kind = b.Random.Next(6);
        if (kind == 5 && b.Opset < 13)
            kind = 0;
        for (int i = 0; i < 2; i++)
        {
            bool other = i == 1 && !same;
            copies[i] = kind switch
            {
                0 => b.Write.Node(other ? "Sigmoid" : "Relu", [value.Name]),
                1 => b.Write.Node("LeakyRelu", [value.Name], ("alpha", other ? 0.2 : 0.1)),
                2 => b.Write.Node("Mul", [value.Name, Scalar(other ? -factor : factor)]),
                3 => b.Write.Node("MaxPool", [value.Name], ("kernel_shape", b.Space.Select(_ => 2L).ToArray()), ("strides", b.Space.Select(_ => other ? 1L : 2L).ToArray())),
                4 => b.Write.Node("Add", other ? [value.Name, Scalar(factor)] : [Scalar(factor), value.Name]),
                _ => b.Write.Node("Softmax", [value.Name], ("axis", other ? 1L : 2L)),
            };
        }
        if (asOutput)
            b.Output(copies[1]);
        string[] readers = [b.Write.Node("Abs", [copies[0]]), b.Write.Node(alike ? "Abs" : "Tanh", [copies[1]])];
        foreach (string reader in readers)
            b.Output(b.Write.Node("GlobalAveragePool", [reader]));
        if (b.Random.Chance(0.3))
            b.MayBeReadElsewhere(value);
        return same && !asOutput;

        string Scalar(float number) => b.Constant(b.Type, PatternBuilder.Bytes(b.Type, [number]), []);
    }

    /// <summary>An activation that several nodes read while its input is held, or not.</summary>
    [PatternOf("CheapRecompute", 11)]
    public static bool Recompute(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float16]);
        PatternValue value = b.Source(b.Random.Next(1, 5));
        bool held = b.Random.Chance(0.8), output = b.Random.Chance(0.1);
        string op = b.Random.Pick(["Relu", "LeakyRelu", "Clip", "HardSigmoid"]);
        string active = b.Write.Node(op, op == "Clip" && b.Opset >= 11 ? [value.Name, Scalar(-0.2f), Scalar(0.3f)] : [value.Name]);
        int readers = b.Random.Next(1, 4);
        if (output)
            b.Output(active);
        List<string> read = [];
        for (int i = 0; i < readers; i++)
            read.Add(i == 0 && b.Random.Chance(0.2) ? b.Write.Node("Mul", [active, active]) : b.Write.Node(i % 2 == 0 ? "Neg" : "Tanh", [active]));
        if (held)
            b.End(value with { Name = b.Write.Node("Add", [value.Name, read[^1]]) });
        foreach (string name in read)
            b.Output(b.Write.Node("GlobalAveragePool", [name]));
        return held && !output && readers > 1;

        string Scalar(float number) => b.Constant(b.Type, PatternBuilder.Bytes(b.Type, [number]), []);
    }

    /// <summary>Nodes on the side that lead nowhere, or to an output after all.</summary>
    [PatternOf("UnreadNodes", 12)]
    public static bool Unread(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float16]);
        PatternValue value = b.Source(b.Random.Next(1, 5));
        bool read = b.Random.Chance(0.3);
        string side = value.Name;
        for (int i = b.Random.Next(1, 4); i > 0; i--)
            side = i == 2 ? b.Write.Node("Add", [side, value.Name]) : b.Write.Node(i == 1 ? "Neg" : "Tanh", [side]);
        b.Output(b.Write.Node("GlobalAveragePool", [b.Write.Node("Abs", [value.Name])]));
        if (read)
            b.Output(b.Write.Node("GlobalMaxPool", [side]));
        return !read;
    }
}
