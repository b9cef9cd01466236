using System.Globalization;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Makes up what a project file may say of a model.</summary>
/// <param name="random">Chooses.</param>
/// <param name="strange">Values at the edge and nonsense too; without, only what is allowed, so that the model decides what comes of it.</param>
internal sealed class MetadataMutation(TestRandom random, bool strange)
{
    private static readonly string[] _sizes =
        ["512KiB", "1.5MB", "1 GiB", "16", "0", "-1", "1e3", "99999999999999999999KB", "8EiB", "9223372036854775807", "9223372036854775808", "1,5MB", "1.5", "٣KB", "KB", "1 KB KB", "0.1B", "NaN"];

    private static readonly string[] _targets =
    [
        "net.onnx", "models/net.onnx", "a/b/c/d.onnx", "ünïcödé/名前.onnx", "x", ".onnx", "no ending", "net.ONNX", "a b/c d.onnx", "../out.onnx", "a/../../out.onnx", "/abs.onnx", "C:\\x.onnx",
        "..\\out.onnx", "a\\b.onnx", "a//b.onnx", "./x.onnx", "x/", "", " ", "con", "nul.onnx", "x.onnx.", "x.onnx ", "~/x.onnx", "$(OutDir)x.onnx", "x:y.onnx", "line\nbreak.onnx", "tab\t.onnx", "nul\0.onnx",
        "bell\a.onnx", "quote\".onnx", "semi;colon.onnx", "%41.onnx", "*.onnx", "?.onnx", "<x>.onnx", "\u202Exnno.onnx", "x.memory.json", "x.onnx.state", "file://x.onnx", "\\\\server\\share\\x.onnx",
    ];

    private static readonly string[] _dimensions =
        ["batch=1;seq=3", "batch=1", "seq=2,batch=2", "N=1", "batch=0", "batch=-1", "batch", "=1", "batch=1;batch=2", "batch=9999999999999999999", "batch=2147483648;seq=2147483648", "2*n=4", "batch=1;;", ";", "no such=3", "x=1048576", "batch=1.5", "batch=٣"];

    /// <summary>Metadata of the model's item.</summary>
    public List<KeyValuePair<string, string>> Item()
    {
        List<KeyValuePair<string, string>> all = [];
        void Maybe(string name, double chance, string[] sound, params string[] other)
        {
            if (!random.Chance(strange ? Math.Max(chance, 0.15) : chance))
                return;
            string value = strange && random.Chance(0.3) ? random.Chance(0.2) || other.Length == 0 ? StrangeValues.Text(random) : random.Pick(other) : random.Pick(sound);
            all.Add(KeyValuePair.Create(name, strange && random.Chance(0.05) ? " " + value + "\t" : value));
        }
        Maybe("Executor", 0.3, ["OnnxRuntime", "StaticArena", "StaticArena", "staticarena"], "1", "onnxruntime ");
        Maybe("Rewrite", 0.3, ["None", "Exact", "All", "all"], "2");
        Maybe("Verify", 0.6, ["false", "false", "false", "true", "FALSE"], "0");
        Maybe("Fuse", 0.4, ["false", "true"], "no");
        Maybe("SearchLimit", 0.2, ["1", "10", "1000"], "0", "-5", "9223372036854775807", "1e6", "1,000");
        Maybe("Alignment", 0.1, ["1", "16", "64", "4096"], "3", "8192", "0");
        Maybe("Report", 0.1, ["true", "false"]);
        Maybe("Header", 0, ["true", "false"]);
        Maybe("MemoryBudget", 0.2, _sizes[..4], _sizes);
        Maybe("WeightBudget", 0.1, _sizes[..4], _sizes);
        Maybe("Device", 0.05, ["esp32"], "own", "OWN", "no such device", "");
        Maybe("FreeDimensions", 0.02, _dimensions[..4], _dimensions);
        Maybe("CopyToOutputDirectory", 0.05, ["Always", "Never", "PreserveNewest"]);
        all.Add(KeyValuePair.Create("TargetPath", !strange || random.Chance(0.6) ? random.Pick(_targets[..4]) : random.Chance(0.1) ? Long() : random.Pick(_targets)));
        return all;
    }

    /// <summary>Properties of the project that the tasks are given.</summary>
    public Dictionary<string, string> Properties()
    {
        Dictionary<string, string> all = new(StringComparer.Ordinal);
        void Maybe(string name, double chance, string[] values)
        {
            if (strange && random.Chance(chance))
                all[name] = random.Chance(0.05) ? StrangeValues.Text(random) : random.Pick(values);
        }
        Maybe("MemoryBudget", 0.1, _sizes);
        Maybe("WeightBudget", 0.05, _sizes);
        Maybe("Device", 0.05, ["own", "esp32", "nothing"]);
        Maybe("DeviceMemory", 0.1, _sizes);
        Maybe("Namespace", 0.1, ["My.App", "My..App", "1x", "class", "A.B;C", "", "ünï"]);
        return all;
    }

    /// <summary>The model's name in the project's folder.</summary>
    public string FileName() => !strange || random.Chance(0.7) ? "net.onnx" : random.Pick(
        ["n e t.onnx", "ünïcödé.onnx", "名前.onnx", "net", "net.onnx.onnx", "quote'.onnx", "{0}.onnx", "%20.onnx", "-net.onnx", "#.onnx", "a=b.onnx", "\u202Exnno.onnx", "new\nline.onnx", "class.onnx", "1.onnx", "@.onnx"]);

    private string Long() => string.Create(CultureInfo.InvariantCulture, $"{new string('l', random.Pick([200, 245, 251, 255, 256, 5000]))}.onnx");
}
