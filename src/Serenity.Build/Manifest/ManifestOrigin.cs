using System.Text.Json;
using Serenity.Build.Identity;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of where a model comes from: its first lines, read without the rest.</summary>
/// <param name="Source">The source model; path relative to the project it was made in.</param>
/// <param name="Output">The optimized model; path relative to the manifest.</param>
public sealed record ManifestOrigin(FileInfoEntry Source, FileInfoEntry Output)
{
    // "tool", "source" and "output" come first; no path is that long.
    private const int HeadBytes = 1 << 16;

    /// <summary>Reads a file; null if it is no manifest of this package.</summary>
    /// <param name="path">Absolute path of the file.</param>
    public static ManifestOrigin? TryRead(string path)
    {
        try
        {
            byte[] head = new byte[HeadBytes];
            using FileStream file = File.OpenRead(path);
            int length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            Utf8JsonReader reader = new(head.AsSpan(0, length), isFinalBlock: false, default);
            return Read(ref reader);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ManifestOrigin? Read(ref Utf8JsonReader reader)
    {
        bool ours = false;
        FileInfoEntry? source = null, output = null;
        reader.Read();
        while ((source is null || output is null) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = reader.GetString();
            if (name is not ("tool" or "source" or "output"))
            {
                if (!reader.TrySkip())
                    return null;
                continue;
            }
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            string first = "", second = "";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isFirst = reader.ValueTextEquals("name") || reader.ValueTextEquals("path");
                if (!reader.Read())
                    return null;
                if (isFirst)
                    first = reader.GetString() ?? "";
                else
                    second = reader.GetString() ?? "";
            }
            if (name == "tool")
                ours = first == ToolIdentity.Tool.Name;
            else if (name == "source")
                source = new FileInfoEntry(first, second);
            else
                output = new FileInfoEntry(first, second);
        }
        return ours && source is not null && output is not null ? new ManifestOrigin(source, output) : null;
    }
}
