using System.Globalization;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Makes up options that speak of the model: sizes and their ranges, bounds, cuts, shared buffers, memories, layouts, samples. Mostly with names that the model has.</summary>
/// <param name="model">The model that was changed, or what it was made from; null where that is none.</param>
/// <param name="random">Chooses.</param>
/// <param name="strange">Values at the edge and nonsense too.</param>
internal sealed class OptionMutation(ModelProto? model, TestRandom random, bool strange)
{
    private const int MostOptions = 3;

    private static readonly string[] _dimensions =
        ["1", "2", "3", "1..4", "1..16", "2..64", "1..100000", "4,8", "1,2,3", "0..2", "n+1", "5..5"];

    private static readonly string[] _oddDimensions =
        ["0", "-1", "9999999999999999999", "8..1", "1..", "..4", "1..99999999999", "1,", "1..4,8", "n", "a+", "a/0", "2*", "1.5", "٣", "9..9223372036854775807", "a+a*a", "((a))"];

    private static readonly string[] _memories =
        ["A=2KiB@1;B=64KiB@3", "RAM=1MiB", "A=64;B=128@2;C=1MiB@8", "FAST=1KiB@1;SLOW=8MiB@4:both;FLASH=8MiB@6:weights", "A=16@1"];

    private static readonly string[] _oddMemories =
        ["A=0", "A=-1@1", "A=1KiB@0", "A=1KiB@NaN", "A=1KiB@1;A=2KiB@2", "=1KiB", "A", "A=1KiB@1:wieghts", "A=8EiB@1000000", "A=1KiB:weights", "a b=1KiB", ";"];

    private readonly string[] _open = model is null ? [] : [.. Interface(model).SelectMany(DimensionNames).Distinct(StringComparer.Ordinal)];

    /// <summary>Adds a few options.</summary>
    /// <param name="all">Metadata of the item.</param>
    /// <param name="samples">Pattern of the files that <see cref="SampleMutation"/> made.</param>
    public void AddTo(List<KeyValuePair<string, string>> all, string samples)
    {
        // A model with open dimensions says nothing until they are given.
        if (_open.Length > 0 && random.Chance(0.8))
            Set("FreeDimensions", Dimensions());
        if (random.Chance(0.5))
            return;
        for (int i = random.Next(1, MostOptions + 1); i > 0; i--)
        {
            switch (random.Next(21))
            {
                case 0:
                    Set("Partition", Sound(["true", "false"], "maybe"));
                    break;
                case 1:
                    Set("WorkLimit", Sound(["1", "1.1", "1.25", "2", "8"], "0.5", "1e9", "NaN", "-1", "25%", "∞"));
                    break;
                case 2:
                    Set("Bounds", Pairs(Values(), ["1", "3", "100", "4x2", "2,3"], "-1", "0", "9999999999999999999", "x", ""));
                    break;
                case <= 4:
                    Set("Memories", Sound(_memories, _oddMemories));
                    Arena();
                    break;
                case <= 6:
                    Set("OnChip", Sound(["64", "1KiB", "64KiB", "1MiB"], "0", "-1", "8EiB", "1"));
                    Arena();
                    break;
                case 7:
                    Set("InputsApart", Sound(["true", "false"], "1"));
                    Arena();
                    break;
                case 8:
                    Set("SharedBuffers", Pairs(Inputs(), Outputs(), "no_such_value", "", "*"));
                    break;
                case 9:
                    Set("FixedInputs", Pairs(Inputs(), ["0", "1", "true", "-1.5", "1;2"], "NaN", "x", "", "1e400"));
                    break;
                case 10:
                    Set("Inputs", Sound([string.Join(';', Some(Values()))], "no such value", "*", "/*"));
                    break;
                case 11:
                    Set("Outputs", Sound([string.Join(';', Some(Values()))], "no such value", "*", "/*"));
                    break;
                case 12:
                    Set("Layout", Sound(["Portable", "Auto", "Blocked8", "Blocked16", "Blocked8;Blocked16"], "Blocked32", ";"));
                    break;
                case 13:
                    Set("Format", Sound(["Onnx", "OnnxExternal", "Ort"], "Tflite"));
                    break;
                case 14:
                    Set("Threads", Sound(["1", "2", "4"], "0", "257", "-1", "1.5"));
                    Set("Concurrency", Sound(["1", "2", "16"], "0", "257"));
                    break;
                case 15:
                    Set("TargetArchitecture", Sound(["x64", "arm64", "x64;arm64"], "riscv64", ";"));
                    break;
                case 16:
                    Set("Precision", Sound(["Source", "Float32", "Best", "Float16"], "Int8"));
                    break;
                case 17:
                    Set("VerifyLimit", Sound(["1", "1000", "1000000"], "0", "-1", "1e6", "9223372036854775807"));
                    Set("Verify", "true");
                    break;
                case 18:
                    Set("Pad", Pairs(Inputs(), ["0", "1", "-1"], "x", "NaN", ""));
                    Set("WarnAt", Sound(["50%", "0.9", "100%"], "0", "101%", "-1", "%"));
                    break;
                case 19:
                    Set("Prepack", Sound(["true", "false"], "2"));
                    break;
                default:
                    Set("VerifyInputs", Sound([samples], "models/*", "../*.npz", "models/net.onnx", "no/such.npz", "/etc/hostname", "**/*"));
                    Set("Verify", "true");
                    break;
            }
        }

        void Arena()
        {
            if (random.Chance(0.9))
                Set("Executor", "StaticArena");
        }

        void Set(string name, string value)
        {
            all.RemoveAll(pair => pair.Key == name);
            all.Add(KeyValuePair.Create(name, value));
        }
    }

    private string Dimensions()
    {
        List<string> parts = [];
        foreach (string name in _open)
        {
            string size = Sound(_dimensions, _oddDimensions);
            // The name in it is a dimension's.
            string other = random.Pick(_open);
            if (random.Chance(0.9))
                parts.Add($"{name}={(size == "n+1" ? $"{other}+1" : size)}");
        }
        if (strange && random.Chance(0.2))
            parts.Add("no_such_dimension=3");
        return string.Join(';', parts);
    }

    private string Pairs(string[] names, string[] values, params string[] odd) =>
        string.Join(';', Some(names).Select(name => string.Create(CultureInfo.InvariantCulture, $"{name}={(values.Length == 0 ? "x" : Sound(values, odd))}")));

    private string[] Some(string[] of)
    {
        if (of.Length == 0)
            return ["x"];
        string[] some = new string[random.Chance(0.7) ? 1 : random.Next(1, 4)];
        for (int i = 0; i < some.Length; i++)
            some[i] = random.Pick(of);
        return some;
    }

    private string Sound(string[] sound, params string[] odd) => strange && random.Chance(0.3) ? random.Chance(0.2) ? StrangeValues.Text(random) : random.Pick(odd) : random.Pick(sound);

    private string[] Inputs() => model is null ? [] : [.. model.Graph.Input.Select(v => v.Name)];

    private string[] Outputs() => model is null ? [] : [.. model.Graph.Output.Select(v => v.Name)];

    private string[] Values() => model is null ? [] : [.. model.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0)];

    private static IEnumerable<ValueInfoProto> Interface(ModelProto model) => model.Graph.Input.Concat(model.Graph.Output);

    private static IEnumerable<string> DimensionNames(ValueInfoProto value) =>
        value.Type?.TensorType?.Shape?.Dim.Select(d => d.DimParam).Where(name => name.Length > 0) ?? [];
}
