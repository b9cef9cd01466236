using System.Diagnostics;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using Serenity.Tool.Terminal;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Tool.Tests;

/// <summary>The tool in a folder of its own where the native ONNX Runtime is missing, cut short, or something else.</summary>
[TestClass]
public sealed class NativeLibraryTests
{
    [TestMethod]
    [DataRow("missing", "OnnxRuntime")]
    [DataRow("missing", "StaticArena")]
    [DataRow("cut short", "OnnxRuntime")]
    [DataRow("not a library", "OnnxRuntime")]
    public void A_model_that_states_its_shapes_is_planned_with_one_warning(string library, string executor)
    {
        using ToolCopy tool = new(library);
        ModelFile.Save(Model(statesShapes: true), tool.PathOf("net.onnx"));
        (int exit, string error) = tool.Run("optimize", "net.onnx", "-o", "out.onnx", "--executor", executor, "--cache", "cache");
        Assert.AreEqual(ExitCodes.Ok, exit, error);
        Assert.HasCount(1, error.Split('\n').Where(l => l.Contains(" warning ", StringComparison.Ordinal)), error);
        StringAssert.Contains(error, SerenityCodes.PlannedWithoutRuntime, StringComparison.Ordinal);
        StringAssert.Contains(error, library == "cut short" ? "was cut short" : "cannot be loaded on", StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error);

        MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(tool.PathOf("out.memory.json")), "out.memory.json");
        Assert.AreEqual("skipped", manifest.Verification!.Status);
        Assert.IsNull(manifest.Verification.RuntimeVersion);
        Assert.IsLessThanOrEqualTo(manifest.Peak.OriginalBytes, manifest.Peak.Bytes);
        Assert.AreEqual(manifest.Peak.LowerBoundBytes, manifest.Peak.LiveBytes);
        Assert.AreEqual(2, ModelFile.Load(tool.PathOf("out.onnx")).Model.Graph.Output.Count);
        // Where it is shared, the cache must not hand an unverified plan to a machine that can verify.
        Assert.IsEmpty(Directory.Exists(tool.PathOf("cache")) ? Directory.GetFiles(tool.PathOf("cache"), "*.plan") : []);
    }

    [TestMethod]
    public void A_model_that_does_not_is_one_error_that_says_what_to_do()
    {
        using ToolCopy tool = new("missing");
        ModelFile.Save(Model(statesShapes: false), tool.PathOf("net.onnx"));
        (int exit, string error) = tool.Run("optimize", "net.onnx", "-o", "out.onnx");
        Assert.AreNotEqual(ExitCodes.Ok, exit, error);
        StringAssert.Contains(error, SerenityCodes.RuntimeMissing, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error);
        Assert.IsFalse(File.Exists(tool.PathOf("out.onnx")));
    }

    /// <summary>Two branches, each wide for a moment.</summary>
    private static ModelProto Model(bool statesShapes)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 8);
        string wide = builder.Node("Concat", [x, x, x, x], ("axis", 1L)), other = builder.Node("Concat", [x, x, x, x], ("axis", 1L));
        string a = builder.Node("ReduceMax", [wide], ("axes", new long[] { 1 })), b = builder.Node("ReduceMin", [other], ("axes", new long[] { 1 }));
        builder.Output(a, DataType.Float, 1, 1);
        builder.Output(b, DataType.Float, 1, 1);
        ModelProto model = builder.Build();
        foreach (string name in statesShapes ? [wide, other] : Array.Empty<string>())
        {
            ValueInfoProto info = new(model.Graph.Input[0]) { Name = name };
            info.Type.TensorType.Shape.Dim[1].DimValue = 32;
            model.Graph.ValueInfo.Add(info);
        }
        return model;
    }

    /// <summary>The built tool without its native library, or with another file in its place.</summary>
    private sealed class ToolCopy : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("serenity-native-").FullName;

        public ToolCopy(string library)
        {
            Directory.CreateDirectory(PathOf("tool"));
            // Without the list of dependencies, which would have the host look for the library before we do.
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Concat(Directory.GetFiles(AppContext.BaseDirectory, "Serenity.*.runtimeconfig.json")))
                File.Copy(file, Path.Combine(_folder, "tool", Path.GetFileName(file)));
            string name = OperatingSystem.IsWindows() ? "onnxruntime.dll" : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";
            string real = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "runtimes"), name, SearchOption.AllDirectories)[0];
            byte[]? content = library switch { "missing" => null, "cut short" => Head(real), _ => "not a library"u8.ToArray() };
            if (content is not null)
                File.WriteAllBytes(Path.Combine(_folder, "tool", name), content);
        }

        public string PathOf(string name) => Path.Combine(_folder, name);

        public (int Exit, string Error) Run(params string[] arguments)
        {
            ProcessStartInfo start = new("dotnet") { WorkingDirectory = _folder, UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
            foreach (string argument in (string[])["exec", "--roll-forward", "Major", Path.Combine("tool", "Serenity.Tool.dll"), .. arguments])
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            _ = output.Result;
            return (process.ExitCode, error);
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);

        private static byte[] Head(string path)
        {
            byte[] head = new byte[5000];
            using FileStream stream = File.OpenRead(path);
            stream.ReadExactly(head);
            return head;
        }
    }
}
