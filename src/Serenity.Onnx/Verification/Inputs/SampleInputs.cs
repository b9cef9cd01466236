using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>Inputs of one run that the user gives.</summary>
/// <param name="Source">The file or folder that they come from.</param>
/// <param name="Values">A value for every input.</param>
internal sealed record SampleCase(string Source, IReadOnlyList<KeyValuePair<string, RuntimeValue>> Values);

/// <summary>
/// Inputs that the user gives, for what made-up numbers do not show: <c>.npz</c> files (NumPy: one array for each input, by its name), each one case; and <c>.pb</c> files as ONNX's
/// conformance tests store them (<c>test_data_set_0/input_0.pb</c>), each folder of them one case.
/// </summary>
internal static class SampleInputs
{
    /// <summary>Bytes that one file may have, and one array unpacked.</summary>
    private const long MostBytes = 512L << 20;

    /// <summary>Reads cases.</summary>
    /// <param name="paths">Absolute paths of the files.</param>
    /// <param name="graph">The model's graph, for names and order of its inputs.</param>
    /// <returns>One case for each file, or folder of files.</returns>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.BadOption"/>: a file is missing, damaged, or fits no input.</exception>
    public static IReadOnlyList<SampleCase> Read(IReadOnlyList<string> paths, GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(graph);
        HashSet<string> weights = new(graph.Initializer.Select(i => i.Name), StringComparer.Ordinal);
        string[] inputs = [.. graph.Input.Select(i => i.Name).Where(name => !weights.Contains(name))];
        List<SampleCase> cases = [];
        foreach (IGrouping<string, string> source in paths.Order(StringComparer.Ordinal).GroupBy(path => IsNumPy(path) ? path : Path.GetDirectoryName(path)!, StringComparer.Ordinal))
        {
            Dictionary<string, RuntimeValue> values = new(StringComparer.Ordinal);
            foreach (string path in source)
            {
                try
                {
                    if (IsNumPy(path))
                        ReadArchive(path, inputs, values);
                    else
                        ReadTensor(path, inputs, values);
                }
                catch (Google.Protobuf.InvalidProtocolBufferException)
                {
                    throw Bad(path, "it is no tensor as ONNX stores one (TensorProto)");
                }
                catch (NotSupportedException)
                {
                    throw Bad(path, "the type of its elements is none that ONNX Runtime takes");
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException or FormatException or OverflowException)
                {
                    throw Bad(path, problem is OverflowException ? "a size in it is too large" : $"it cannot be read: {problem.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ')}");
                }
            }
            if (Array.Find(inputs, input => !values.ContainsKey(input)) is { } missing)
                throw Bad(source.Key, $"it has no value for the model's input '{missing}'");
            cases.Add(new SampleCase(source.Key, [.. inputs.Select(input => KeyValuePair.Create(input, values[input]))]));
        }
        return cases;
    }

    private static bool IsNumPy(string path) => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    private static SerenityException Bad(string path, string what) => new(
        SerenityCodes.BadOption, path, $"The file cannot be used as input for verification, since {what}. VerifyInputs takes .npz files with one array for each input, by its name, and .pb files named input_0.pb, input_1.pb and so on.");

    private static void Check(string path)
    {
        if (RegularFile.LengthOf(path) is not { } length)
            throw Bad(path, "it does not exist");
        if (length is 0 or > MostBytes)
            throw Bad(path, $"it has {length.ToString(CultureInfo.InvariantCulture)} bytes, and 1 to {MostBytes.ToString(CultureInfo.InvariantCulture)} are possible");
    }

    private static void ReadTensor(string path, string[] inputs, Dictionary<string, RuntimeValue> values)
    {
        Check(path);
        TensorProto tensor = TensorProto.Parser.ParseFrom(File.ReadAllBytes(path));
        string stem = Path.GetFileNameWithoutExtension(path);
        int position = -1;
        if (stem.StartsWith("input_", StringComparison.Ordinal) && int.TryParse(stem.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            position = number;
        // Others of the conformance suite, such as output_0.pb, are what a model is to give; the source says that itself.
        if (position < 0)
            return;
        string? name = inputs.Contains(tensor.Name) ? tensor.Name : position < inputs.Length ? inputs[position] : null;
        if (name is null)
            throw Bad(path, $"the model has {Counted.Of(inputs.Length, "input")}");
        if (TensorData.IsExternal(tensor))
            throw Bad(path, "its data lies in another file");
        long[] dims = [.. tensor.Dims];
        if (tensor.HasRawData && TensorData.ExpectedBytes(tensor) is { } expected && tensor.RawData.Length > 0 && tensor.RawData.Length != expected)
            throw Bad(path, string.Create(CultureInfo.InvariantCulture, $"it has {tensor.RawData.Length} bytes of data, and its shape takes {expected}"));
        values[name] = tensor.DataType == (int)TensorProto.Types.DataType.String
            ? new RuntimeValue.Strings(dims, [.. tensor.StringData.Select(s => s.ToStringUtf8())])
            : new RuntimeValue.Tensor((TensorElementType)tensor.DataType, dims, TensorData.ToRaw(tensor));
    }

    private static void ReadArchive(string path, string[] inputs, Dictionary<string, RuntimeValue> values)
    {
        Check(path);
        using ZipArchive archive = ZipFile.OpenRead(path);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string name = entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;
            if (!inputs.Contains(name))
                continue;
            if (entry.Length > MostBytes)
                throw Bad(path, $"array '{name}' has {entry.Length.ToString(CultureInfo.InvariantCulture)} bytes");
            byte[] bytes = new byte[entry.Length];
            using Stream stream = entry.Open();
            stream.ReadExactly(bytes);
            values[name] = ReadArray(bytes) ?? throw Bad(path, $"array '{name}' is of a kind that is not read: little-endian numbers and booleans in C order are");
        }
    }

    /// <summary>One array in NumPy's format, version 1 to 3; null for what is not read.</summary>
    private static RuntimeValue.Tensor? ReadArray(byte[] bytes)
    {
        if (bytes.Length < 12 || bytes[0] != 0x93 || !bytes.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
            return null;
        int start = bytes[6] == 1 ? 10 : 12;
        int length = bytes[6] == 1 ? BitConverter.ToUInt16(bytes, 8) : checked((int)BitConverter.ToUInt32(bytes, 8));
        if (start + length > bytes.Length)
            return null;
        string header = Encoding.Latin1.GetString(bytes, start, length);
        (TensorElementType Type, int Size)? element = Value(header, "descr") switch
        {
            "'<f4'" => (TensorElementType.Float, 4),
            "'<f8'" => (TensorElementType.Double, 8),
            "'<f2'" => (TensorElementType.Float16, 2),
            "'|i1'" => (TensorElementType.Int8, 1),
            "'|u1'" => (TensorElementType.UInt8, 1),
            "'|b1'" => (TensorElementType.Bool, 1),
            "'<i2'" => (TensorElementType.Int16, 2),
            "'<u2'" => (TensorElementType.UInt16, 2),
            "'<i4'" => (TensorElementType.Int32, 4),
            "'<u4'" => (TensorElementType.UInt32, 4),
            "'<i8'" => (TensorElementType.Int64, 8),
            "'<u8'" => (TensorElementType.UInt64, 8),
            _ => null,
        };
        if (element is not { } type || Value(header, "fortran_order") != "False")
            return null;
        int open = header.IndexOf('(', StringComparison.Ordinal), close = header.IndexOf(')', StringComparison.Ordinal);
        if (open < 0 || close < open)
            return null;
        long[] dims = [.. header[(open + 1)..close].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(d => long.Parse(d, NumberStyles.None, CultureInfo.InvariantCulture))];
        long count = 1;
        foreach (long dim in dims)
            count = checked(count * dim);
        int data = start + length;
        return checked(count * type.Size) == bytes.Length - data ? new RuntimeValue.Tensor(type.Type, dims, bytes[data..]) : null;
    }

    /// <summary>The text of a simple value in the header, which is a Python dictionary.</summary>
    private static string? Value(string header, string name)
    {
        int at = header.IndexOf($"'{name}'", StringComparison.Ordinal);
        int from = at < 0 ? -1 : header.IndexOf(':', at);
        int to = from < 0 ? -1 : header.IndexOf(',', from);
        return to < 0 ? null : header[(from + 1)..to].Trim();
    }
}
