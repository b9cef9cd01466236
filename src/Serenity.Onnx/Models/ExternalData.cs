using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>A stretch of an external data file.</summary>
/// <param name="File">Absolute path.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct ExternalRange(string File, long Offset, long Length);

/// <summary>
/// Tensor data outside the model file. A location is relative to the model's folder and must stay inside it, links followed, so
/// that a model from a pull request cannot make the build read any other file.
/// </summary>
internal static class ExternalData
{
    /// <summary>Checks every external tensor of a model and returns the files, distinct, in order of first use.</summary>
    /// <param name="model">The model.</param>
    /// <param name="modelPath">Absolute path of the model file.</param>
    /// <exception cref="SerenityException">SER1204 or SER1205.</exception>
    public static IReadOnlyList<string> Check(ModelProto model, string modelPath)
    {
        List<string> files = [];
        Dictionary<string, long> sizes = new(StringComparer.Ordinal);
        foreach (CarriedTensor carried in ModelTensors.All(model))
        {
            if (!TensorData.IsExternal(carried.Tensor))
                continue;
            int before = sizes.Count;
            ExternalRange range = Locate(carried.Tensor, modelPath, carried.Where, sizes);
            if (sizes.Count > before)
                files.Add(range.File);
        }
        return files;
    }

    /// <summary>Where the data of an external tensor lies, checked against the file as it is now.</summary>
    /// <param name="tensor">A tensor whose data is external.</param>
    /// <param name="modelPath">Absolute path of the model file.</param>
    /// <exception cref="SerenityException">SER1204: missing, too short, or outside the model's folder; SER1205: does not fit the shape.</exception>
    public static ExternalRange Locate(TensorProto tensor, string modelPath)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Locate(tensor, modelPath, () => $"initializer '{tensor.Name}'", []);
    }

    /// <summary>The tensor's data as raw bytes, little-endian, wherever it stands: in a typed field, in raw data, or in another file.</summary>
    /// <exception cref="SerenityException">As <see cref="Locate(TensorProto, string)"/>; SER1601: the file cannot be read.</exception>
    /// <exception cref="NotSupportedException">Strings, or an element type this version does not know.</exception>
    public static byte[] Read(TensorProto tensor, string modelPath)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!TensorData.IsExternal(tensor))
            return TensorData.ToRaw(tensor);
        ExternalRange range = Locate(tensor, modelPath);
        if (range.Length > Array.MaxLength)
            throw Error(modelPath, $"initializer '{tensor.Name}' has {range.Length} bytes, more than can be held in memory at once");
        byte[] bytes = new byte[range.Length];
        try
        {
            using FileStream stream = new(range.File, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            stream.Seek(range.Offset, SeekOrigin.Begin);
            stream.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, range.File, $"The external data file cannot be read: {AtomicFile.Reason(e)}", e);
        }
        return bytes;
    }

    private static ExternalRange Locate(TensorProto tensor, string modelPath, Func<string> where, Dictionary<string, long> sizes)
    {
        string? location = null;
        long offset = 0;
        long? length = null;
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            switch (entry.Key)
            {
                case "location":
                    location = entry.Value;
                    break;
                case "offset":
                    offset = Number(entry, modelPath, where);
                    break;
                case "length":
                    length = Number(entry, modelPath, where);
                    break;
                default:
                    break;
            }
        }
        if (string.IsNullOrEmpty(location))
            throw Error(modelPath, $"{where()} is external data without a location");
        string file = Resolve(location, modelPath, where);
        long expected = TensorData.ExpectedBytes(tensor) ?? 0;
        if (length is { } stated && stated != expected)
        {
            throw new SerenityException(
                SerenityCodes.BadInitializer, modelPath,
                $"The external data of {where()} is {stated} bytes long by its own account, but its shape [{string.Join(",", tensor.Dims)}] takes {expected}. Export the model again.");
        }
        if (!sizes.TryGetValue(file, out long size))
            sizes.Add(file, size = Size(file, location, modelPath, where));
        if (offset > size || expected > size - offset)
        {
            throw Error(
                modelPath, $"{where()} takes bytes {offset} to {(decimal)offset + expected} of '{location}', which has only {size}: the file is another one, or was cut short");
        }
        return new ExternalRange(file, offset, expected);
    }

    /// <summary>The file of a location, where a model may read it.</summary>
    /// <returns>Its absolute path; null if it is not there, or not inside the model's folder.</returns>
    internal static string? Find(string location, string modelPath)
    {
        try
        {
            string file = Resolve(location, modelPath, static () => "");
            Size(file, location, modelPath, static () => "");
            return file;
        }
        catch (Exception e) when (e is SerenityException or IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    private static string Resolve(string location, string modelPath, Func<string> where)
    {
        // Both separators on every system, so that a model refused on one is refused on all.
        string[] steps = location.Split('/', '\\');
        bool absolute = steps[0].Length == 0 || steps[0].EndsWith(':') || Path.IsPathRooted(location);
        // ONNX Runtime takes this location for an address in its own memory.
        bool memory = location.Contains("_ORT_MEM_ADDR_", StringComparison.Ordinal);
        if (absolute || memory || location.Contains('\0') || Array.IndexOf(steps, "..") >= 0)
            throw Error(modelPath, $"{where()} has its external data at '{location}', which is not inside the model's folder. Only files beside the model, or below it, are read");
        return Path.GetFullPath(Path.Combine(Path.GetDirectoryName(modelPath)!, location));
    }

    private static long Size(string file, string location, string modelPath, Func<string> where)
    {
        try
        {
            if (RegularFile.LengthOf(file) is not { } length)
                throw Error(modelPath, $"the external data file '{location}' of {where()} does not exist. Copy it beside the model");
            string real = RealPath.Of(file);
            // A model that is itself a link (a download cache) may have its data beside the file that it links to.
            if (!IsInside(real, RealPath.Of(Path.GetDirectoryName(modelPath)!)) && !IsInside(real, Path.GetDirectoryName(RealPath.Of(modelPath))!))
                throw Error(modelPath, $"{where()} has its external data at '{location}', which is a link to a file outside the model's folder. Copy the file itself");
            return length > 0 ? length
                : throw Error(modelPath, $"the external data file '{location}' of {where()} is empty, or a pipe or a device. Copy the file itself");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, modelPath, $"The external data file '{location}' cannot be read: {AtomicFile.Reason(e)}", e);
        }
    }

    private static bool IsInside(string file, string folder) =>
        file.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static long Number(StringStringEntryProto entry, string modelPath, Func<string> where) =>
        long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw Error(modelPath, $"the {entry.Key} '{entry.Value}' of {where()}'s external data is not a number of bytes");

    private static SerenityException Error(string modelPath, string what) =>
        new(SerenityCodes.BadExternalData, modelPath, $"External data cannot be used: {what}.");
}
