using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Models;

/// <summary>A part of an external data file to be written.</summary>
/// <param name="Offset">Where in it the part begins, in bytes.</param>
/// <param name="File">Absolute path of the file that holds the bytes.</param>
/// <param name="Start">Where in that file they begin.</param>
/// <param name="Length">How many they are.</param>
public readonly record struct WrittenPart(long Offset, string File, long Start, long Length);

/// <summary>
/// A model ready to be written to another folder than its source's: the bytes of the .onnx file and, if the source keeps weights
/// outside, of one file <c>NAME.onnx.data</c> beside it. Only what the model still uses is taken over; what was embedded stays
/// embedded, unless the file would grow past 2 GiB. Same model, same bytes; the bytes depend on the output's name, not on its folder.
/// </summary>
public sealed class WrittenModel
{
    /// <summary>Loading maps the file into memory, so tensors of that size and more begin on a page.</summary>
    internal const long PageBytes = 4096;

    // Smaller ones begin on a cache line.
    private const long LineBytes = 64, EmbedAtMost = int.MaxValue - (256 << 20);

    private readonly List<(TensorProto? Tensor, long Offset, ExternalRange? Source)> _data;

    private WrittenModel(byte[] bytes, string? dataFile, List<(TensorProto?, long, ExternalRange?)> data)
    {
        Bytes = bytes;
        DataFile = dataFile;
        _data = data;
    }

    /// <summary>Content of the .onnx file.</summary>
    public byte[] Bytes { get; }

    /// <summary>Name of the external data file to be written beside the model; null if there is none.</summary>
    public string? DataFile { get; }

    /// <summary>Prepares a model for writing.</summary>
    /// <param name="model">The model; external data in it is relative to <paramref name="sourcePath"/>. Not changed.</param>
    /// <param name="sourcePath">Absolute path of the source model.</param>
    /// <param name="fileName">Name of the .onnx file to be written, without a folder.</param>
    /// <param name="outside">True for all weights of a page or more in the file beside it: below, a mapping takes as much as a copy.</param>
    /// <exception cref="SerenityException">SER1204, SER1205, SER1601: the external data is not as it was; SER1202: too large.</exception>
    public static WrittenModel Create(ModelProto model, string sourcePath, string fileName, bool outside = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        List<(TensorProto?, long, ExternalRange?)> data = [];
        bool spill = outside || ModelTensors.EmbeddedBytes(model) > EmbedAtMost;
        if (!spill && !ModelTensors.All(model).Any(t => TensorData.IsExternal(t.Tensor)))
            return new WrittenModel(ModelFile.ToBytes(model, sourcePath), null, data);

        string dataFile = fileName + ".data";
        // Cheap: protobuf's byte strings never change, so a clone shares them.
        model = model.Clone();
        Dictionary<ExternalRange, long> placed = [];
        long end = 0;
        foreach (CarriedTensor carried in ModelTensors.All(model))
        {
            TensorProto tensor = carried.Tensor;
            ExternalRange? source = TensorData.IsExternal(tensor) ? ExternalData.Locate(tensor, sourcePath) : null;
            if (outside && source is null && carried.IsInitializer && TensorData.ExpectedBytes(tensor) >= PageBytes)
                TensorData.MakeRaw(tensor);
            long length = source?.Length ?? tensor.RawData.Length;
            if (source is null && !(spill && carried.IsInitializer && length >= PageBytes))
                continue;
            // Tensors that share their bytes in the source go on sharing them.
            if (source is not { } range || !placed.TryGetValue(range, out long offset))
            {
                long alignment = length >= PageBytes ? PageBytes : LineBytes;
                offset = checked((end + alignment - 1) / alignment * alignment);
                end = checked(offset + length);
                data.Add((source is null ? tensor.Clone() : tensor, offset, source));
                if (source is { } fresh)
                    placed.Add(fresh, offset);
            }
            Point(tensor, dataFile, offset, length);
        }
        return new WrittenModel(ModelFile.ToBytes(model, sourcePath), data.Count > 0 ? dataFile : null, data);
    }

    /// <summary>A result ready to be written, in the format that was asked for.</summary>
    /// <param name="result">The result.</param>
    /// <param name="sourcePath">Absolute path of the source model.</param>
    /// <param name="fileName">Name of the model's file, without a folder.</param>
    /// <exception cref="SerenityException">As <see cref="Create"/>.</exception>
    public static WrittenModel Of(OptimizationResult result, string sourcePath, string fileName)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Content is { } content ? new WrittenModel(content, null, []) : Create(result.Model, sourcePath, fileName, result.Format == ModelFormat.OnnxExternal);
    }

    /// <summary>One that another process made, and took apart with <see cref="Parts"/>.</summary>
    /// <param name="bytes">Content of the .onnx file.</param>
    /// <param name="dataFile">Name of the external data file; null if there is none.</param>
    /// <param name="parts">What the data file is put together from.</param>
    public static WrittenModel Of(byte[] bytes, string? dataFile, IReadOnlyList<WrittenPart> parts)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(parts);
        return new WrittenModel(bytes, dataFile, [.. parts.Select(p => ((TensorProto?)null, p.Offset, (ExternalRange?)new ExternalRange(p.File, p.Start, p.Length)))]);
    }

    /// <summary>What <see cref="DataFile"/> is put together from, as ranges of files; what was embedded in the source is in none, and is written to one.</summary>
    /// <param name="spill">Path of the file for it; made only if there is such.</param>
    public IReadOnlyList<WrittenPart> Parts(string spill)
    {
        List<WrittenPart> parts = [];
        FileStream? stream = null;
        try
        {
            foreach ((TensorProto? tensor, long offset, ExternalRange? source) in _data)
            {
                if (source is { } range)
                {
                    parts.Add(new WrittenPart(offset, range.File, range.Offset, range.Length));
                    continue;
                }
                stream ??= new FileStream(spill, FileMode.CreateNew, FileAccess.Write);
                parts.Add(new WrittenPart(offset, spill, stream.Position, tensor!.RawData.Length));
                tensor.RawData.WriteTo(stream);
            }
        }
        finally
        {
            stream?.Dispose();
        }
        return parts;
    }

    /// <summary>Writes the content of <see cref="DataFile"/>, gaps filled with zeros.</summary>
    /// <exception cref="SerenityException">SER1601: the source's external data cannot be read any more.</exception>
    public void WriteData(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] buffer = new byte[1 << 20];
        long at = 0;
        foreach ((TensorProto? tensor, long offset, ExternalRange? source) in _data)
        {
            Array.Clear(buffer, 0, (int)(offset - at));
            stream.Write(buffer, 0, (int)(offset - at));
            if (source is { } range)
                Copy(range, stream, buffer);
            else
                tensor!.RawData.WriteTo(stream);
            at = offset + (source?.Length ?? tensor!.RawData.Length);
        }
    }

    /// <summary>Writes the model and its data file, each whole or not at all; the data first, so that a model never lacks it.</summary>
    /// <param name="path">Path of the .onnx file; its name is the one given to <see cref="Create"/>.</param>
    /// <returns>Absolute paths of the files written.</returns>
    /// <exception cref="SerenityException">SER1601: cannot be read or written.</exception>
    public IReadOnlyList<string> Save(string path)
    {
        path = Path.GetFullPath(path);
        List<string> written = [path];
        if (DataFile is not null)
        {
            string data = Path.Combine(Path.GetDirectoryName(path)!, DataFile);
            if (_data.Any(d => d.Source?.File == data))
                throw new SerenityException(SerenityCodes.InputOutput, path, $"The model would be written over its own source, '{data}'. Choose another output.");
            AtomicFile.Write(data, WriteData);
            written.Add(data);
        }
        AtomicFile.Write(path, Bytes);
        return written;
    }

    private static void Point(TensorProto tensor, string dataFile, long offset, long length)
    {
        // Keys that say nothing about the place (a checksum) stay as they are.
        for (int i = tensor.ExternalData.Count - 1; i >= 0; i--)
        {
            if (tensor.ExternalData[i].Key is "location" or "offset" or "length")
                tensor.ExternalData.RemoveAt(i);
        }
        tensor.ClearRawData();
        tensor.DataLocation = DataLocation.External;
        Add("location", dataFile);
        Add("offset", offset.ToString(CultureInfo.InvariantCulture));
        Add("length", length.ToString(CultureInfo.InvariantCulture));

        void Add(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    private static void Copy(ExternalRange range, Stream to, byte[] buffer)
    {
        FileStream from;
        try
        {
            from = new FileStream(range.File, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(range, AtomicFile.Reason(e), e);
        }
        using (from)
        {
            from.Seek(range.Offset, SeekOrigin.Begin);
            for (long left = range.Length; left > 0;)
            {
                int read = from.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                if (read == 0)
                    throw Unreadable(range, "it became shorter during the build.", null);
                to.Write(buffer, 0, read);
                left -= read;
            }
        }
    }

    private static SerenityException Unreadable(ExternalRange range, string reason, Exception? inner) =>
        new(SerenityCodes.InputOutput, range.File, $"The external data file cannot be read: {reason}", inner);
}
