using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Inputs that the user gives are read, run and, where they fit no model, refused with a reason.</summary>
[TestClass]
public sealed class SampleInputsTests
{
    [TestMethod]
    public void Arrays_are_read_by_name()
    {
        using TempFolder folder = new();
        string path = Npz(folder, "a.npz", ("x", "<f4", "(2, 3)", Bytes([1, 2, 3, 4, 5, 6])), ("label", "<i8", "()", new byte[8]));
        SampleCase sample = SampleInputs.Read([path], Graph()).Single();
        RuntimeValue.Tensor x = (RuntimeValue.Tensor)sample.Values.Single().Value;
        Assert.AreEqual("x", sample.Values[0].Key);
        CollectionAssert.AreEqual((long[])[2, 3], x.Dims);
        CollectionAssert.AreEqual(Bytes([1, 2, 3, 4, 5, 6]), x.Data);
    }

    [TestMethod]
    public void Tensors_of_the_conformance_suite_are_read_by_position()
    {
        using TempFolder folder = new();
        TensorProto tensor = new() { Name = "whatever", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 2, 3 }, FloatData = { 1, 2, 3, 4, 5, 6 } };
        string[] paths = [folder.File("set_0/input_0.pb", tensor.ToByteArray()), folder.File("set_0/output_0.pb", tensor.ToByteArray()), folder.File("set_1/input_0.pb", tensor.ToByteArray())];
        IReadOnlyList<SampleCase> samples = SampleInputs.Read(paths, Graph());
        Assert.HasCount(2, samples);
        CollectionAssert.AreEqual(Bytes([1, 2, 3, 4, 5, 6]), ((RuntimeValue.Tensor)samples[1].Values[0].Value).Data);
    }

    [TestMethod]
    public void What_fits_nothing_is_refused_with_a_reason()
    {
        using TempFolder folder = new();
        Refuses(Path.Combine(folder.Root, "none.npz"), "does not exist");
        Refuses(folder.File("text.npz", "no archive"u8.ToArray()), "cannot be read");
        Refuses(Npz(folder, "b.npz", ("y", "<f4", "(1,)", new byte[4])), "no value for the model's input 'x'");
        Refuses(Npz(folder, "c.npz", ("x", ">f4", "(1,)", new byte[4])), "'x' is of a kind that is not read");
        Refuses(Npz(folder, "d.npz", ("x", "<f4", "(3,)", new byte[4])), "'x' is of a kind that is not read");
        Refuses(folder.File("s/input_7.pb", new TensorProto { DataType = 1, Dims = { 1 }, FloatData = { 1 } }.ToByteArray()), "has 1 input.");
        Refuses(
            folder.File("v/input_0.pb", new TensorProto { DataType = 1, Dims = { 1 }, RawData = Google.Protobuf.ByteString.CopyFrom(new byte[8]) }.ToByteArray()),
            "it has 8 bytes of data, and its shape takes 4");
        Refuses(folder.File("u/input_0.pb", new TensorProto { DataType = 99, Dims = { 1 }, FloatData = { 1 } }.ToByteArray()), "the type of its elements is none");
        Refuses(folder.File("t/input_0.pb", [0xFF, 0xFF]), "since it is no tensor as ONNX stores one (TensorProto). VerifyInputs takes");
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void They_are_run_and_those_that_do_not_fit_are_refused(Executor executor)
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(4);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 4, 12, 12);
        string[] parts = [.. Enumerable.Range(0, 5).Select(_ => b.Node("Conv", [x, b.Weight(random.Floats(32, 0.5), 8, 4, 1, 1)]))];
        b.Output(b.Node("Conv", [b.Node("Concat", parts, ("axis", 1L)), b.Weight(random.Floats(160, 0.2), 4, 40, 1, 1)]), TensorProto.Types.DataType.Float, 1, 4, 12, 12);
        using TempFolder folder = new();
        string model = folder.File("net.onnx", ModelFile.ToBytes(b.Build()));
        string sample = Npz(folder, "s.npz", ("x", "<f4", "(1, 4, 12, 12)", Bytes(random.Floats(576, 1))));
        OptimizeRequest request = new() { ModelPath = model, Executor = executor, SamplePaths = [sample], WorkLimit = 4 };
        Assert.AreEqual("passed", ModelOptimizer.Optimize(request).Verification!.Status);

        string other = Npz(folder, "t.npz", ("x", "<f4", "(1, 4, 6, 6)", Bytes(random.Floats(144, 1))));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(request with { SamplePaths = [other] }));
        Assert.AreEqual(SerenityCodes.BadOption, e.Code);
        StringAssert.Contains(e.Message, "does not run on these inputs");
    }

    private static void Refuses(string path, string why)
    {
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => SampleInputs.Read([path], Graph()), path);
        Assert.AreEqual(SerenityCodes.BadOption, e.Code);
        StringAssert.Contains(e.Message, why);
    }

    private static GraphProto Graph()
    {
        OnnxModelBuilder b = new();
        b.Output(b.Node("Relu", [b.Input("x", TensorProto.Types.DataType.Float, 2, 3)]));
        return b.Build().Graph;
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static string Npz(TempFolder folder, string name, params (string Name, string Type, string Shape, byte[] Data)[] arrays)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string array, string type, string shape, byte[] data) in arrays)
            {
                string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
                using Stream entry = archive.CreateEntry(array + ".npy").Open();
                entry.Write([0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)header.Length), .. Encoding.Latin1.GetBytes(header), .. data]);
            }
        }
        return folder.File(name, stream.ToArray());
    }
}
