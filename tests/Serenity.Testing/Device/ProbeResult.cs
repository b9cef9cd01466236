using System.Text.Json;

namespace Serenity.Testing.Device;

/// <summary>What one model took, as <see cref="NativeProbe"/> saw it. All counts of bytes are of the probe's own allocator.</summary>
/// <param name="Version">Version of ONNX Runtime.</param>
/// <param name="Error">Why the model could not be loaded or run; null if it could, and then the other fields hold.</param>
/// <param name="FirstRunBytes">Most bytes at any one time of the first run, beyond what the session holds.</param>
/// <param name="RunBytes">The same over all runs.</param>
/// <param name="LoadBytes">Most bytes at any one time while the session was made.</param>
/// <param name="RestingBytes">Bytes that the session holds.</param>
/// <param name="UnseenBytes">Bytes of the C library that the runs left taken: buffers that no allocator of ONNX Runtime's sees. Means little with a profile.</param>
/// <param name="UnseenPeakBytes">Most bytes of the C library that the first run had taken at one time, watched at each allocation and kernel.</param>
/// <param name="RunMilliseconds">Processor time of a run, the first left out; 0 for a single one.</param>
/// <param name="Library">The process once the library was loaded.</param>
/// <param name="Before">Before the session was made.</param>
/// <param name="Loaded">When it was made; the most since <paramref name="Before"/>.</param>
/// <param name="Ready">Before the first run, inputs made.</param>
/// <param name="Ran">After the last run; the most since <paramref name="Ready"/>.</param>
/// <param name="Profile">Path of the profile; null if there is none.</param>
public sealed record ProbeResult(
    string Version, string? Error, long FirstRunBytes, long RunBytes, long LoadBytes, long RestingBytes, long UnseenBytes, long UnseenPeakBytes, double RunMilliseconds, ProcessMemory Library,
    ProcessMemory Before, ProcessMemory Loaded, ProcessMemory Ready, ProcessMemory Ran, string? Profile)
{
    /// <summary>Reads a line of the probe.</summary>
    /// <param name="line">The line of the model.</param>
    /// <param name="first">The first line, of the library.</param>
    internal static ProbeResult Parse(string line, string first)
    {
        using JsonDocument library = JsonDocument.Parse(first), document = JsonDocument.Parse(line);
        JsonElement model = document.RootElement;
        string version = library.RootElement.GetProperty("version").GetString()!;
        if (model.TryGetProperty("error", out JsonElement error))
            return new ProbeResult(version, error.GetString(), 0, 0, 0, 0, 0, 0, 0, default, default, default, default, default, null);
        long Number(string name) => model.GetProperty(name).GetInt64();
        return new ProbeResult(
            version, null, Number("firstRunBytes"), Number("runBytes"), Number("loadBytes"), Number("restingBytes"), Number("unseenBytes"), Number("unseenPeakBytes"),
            model.TryGetProperty("runMilliseconds", out JsonElement time) ? time.GetDouble() : 0,
            ProcessMemory.Parse(library.RootElement.GetProperty("library")), ProcessMemory.Parse(model.GetProperty("before")), ProcessMemory.Parse(model.GetProperty("loaded")),
            ProcessMemory.Parse(model.GetProperty("ready")), ProcessMemory.Parse(model.GetProperty("ran")),
            model.TryGetProperty("profile", out JsonElement profile) ? profile.GetString() : null);
    }
}

/// <summary>Memory of the process at one moment. Resident figures mean nothing under an emulator.</summary>
/// <param name="ResidentKiB">Resident memory.</param>
/// <param name="MostKiB">The most since it was last reset.</param>
/// <param name="AnonymousKiB">Resident memory that no file backs.</param>
/// <param name="HeapBytes">What the C library has given out.</param>
public readonly record struct ProcessMemory(long ResidentKiB, long MostKiB, long AnonymousKiB, long HeapBytes)
{
    internal static ProcessMemory Parse(JsonElement point) => new(
        point.GetProperty("residentKiB").GetInt64(), point.GetProperty("mostKiB").GetInt64(), point.GetProperty("anonymousKiB").GetInt64(),
        point.GetProperty("heapBytes").GetInt64());
}
