using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Reads and writes ONNX files. What it reads, it can write again without a loss.</summary>
public static class ModelFile
{
    // Protobuf itself ends at 2 GiB, and so does a .NET array.
    private const long LargestFile = int.MaxValue - 64;

    /// <summary>Reads a model and checks all that can be known without running it. External data stays a reference.</summary>
    /// <param name="path">Path of the .onnx file.</param>
    /// <exception cref="SerenityException">SER1201 to SER1205 or SER1601; says what is wrong and what to do.</exception>
    public static LoadedModel Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        byte[] bytes = Read(path);
        ModelProto model = Parse(bytes, path);
        GraphCheck.Check(model, path);
        IReadOnlyList<string> external = ExternalData.Check(model, path);
        return new LoadedModel(model, path, bytes.LongLength, external);
    }

    /// <summary>Reads a model from the bytes of a file; checks that it is a model, not that its graph is sound.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="path">The file's path, for the error.</param>
    /// <exception cref="SerenityException">SER1202: not an ONNX model, or damaged; SER1203: more of it than is supported.</exception>
    public static ModelProto Parse(byte[] bytes, string path)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length == 0)
            throw Empty(path);
        if (FormatHint.Of(bytes) is { } hint)
            throw new SerenityException(SerenityCodes.NotAModel, path, hint);
        if (WireCheck.Find(bytes) is { } problem)
        {
            throw new SerenityException(
                SerenityCodes.NotAModel, path, $"The file is not an ONNX model, or it is damaged: {problem}. Export or download the model again.");
        }
        if (WireLimits.Find(bytes) is { } excess)
            throw GraphCheck.Invalid(path, excess);
        ModelProto model = new();
        try
        {
            using MemoryStream stream = new(bytes, writable: false);
            using CodedInputStream input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, WireCheck.DeepestNesting + 10);
            model.MergeFrom(input);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SerenityException(
                SerenityCodes.NotAModel, path, "The file is not an ONNX model, or it is damaged. Export or download the model again.", e);
        }
        if (model.Graph is null)
            throw new SerenityException(SerenityCodes.NotAModel, path, "The file holds no graph, so it is not an ONNX model. Export or download the model again.");
        return model;
    }

    /// <summary>The bytes of a model file; the same for the same model on every machine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file it is meant for, for the error.</param>
    /// <exception cref="SerenityException">SER1202: the model does not fit the 2 GiB that a protobuf file can hold.</exception>
    public static byte[] ToBytes(ModelProto model, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (ModelTensors.EmbeddedBytes(model) > LargestFile - (256 << 20))
            throw TooLarge(path);
        return model.ToByteArray();
    }

    /// <summary>Writes a model: first to a temporary file beside it, then moved, so that the file is never seen half written.</summary>
    /// <exception cref="SerenityException">SER1202: too large; SER1601: cannot be written.</exception>
    public static void Save(ModelProto model, string path) => AtomicFile.Write(path, ToBytes(model, path));

    /// <summary>The bytes of a model file.</summary>
    /// <param name="path">Absolute path of the .onnx file.</param>
    /// <exception cref="SerenityException">SER1201: there is none; SER1202: too large; SER1601: cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            if (RegularFile.LengthOf(path) is not { } length)
            {
                throw new SerenityException(SerenityCodes.ModelNotFound, path, Directory.Exists(path)
                    ? "This is a folder, not a model file. Name the .onnx file itself."
                    : "The model file does not exist. Check the path in the SerenityModel item; it is relative to the project's folder.");
            }
            if (length > LargestFile)
                throw TooLarge(path);
            // Not opened where there is nothing to read.
            if (length == 0)
                throw Empty(path);
            return ReadWhole(path, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new SerenityException(
                SerenityCodes.InputOutput, path, $"The model file cannot be read: {AtomicFile.Reason(e)}", e);
        }
    }

    // No further than it was long: what grows while it is read may never end.
    private static byte[] ReadWhole(string path, long length)
    {
        byte[] bytes = new byte[length];
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    private static SerenityException Empty(string path) => new(
        SerenityCodes.NotAModel, path, "The file is empty, or a pipe or a device, so it holds no ONNX model. Export or download the model again.");

    private static SerenityException TooLarge(string? path) => new(
        SerenityCodes.NotAModel, path,
        "The model is larger than 2 GiB, which is more than one ONNX file can hold. Save it with its weights as external data.");
}
