using System.Text.Json;
using Serenity.Build.Identity;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of files: source, output, the model in other layouts.</summary>
internal static class FilesJson
{
    /// <summary>Writes the properties of <c>source</c> or <c>output</c>.</summary>
    public static void Write(Utf8JsonWriter json, FileInfoEntry file)
    {
        json.WriteString("path", file.Path);
        json.WriteString("sha256", file.Sha256);
    }

    /// <summary>Reads them.</summary>
    public static FileInfoEntry Read(JsonElement file) => new(TextOf(file, "path"), TextOf(file, "sha256"));

    /// <summary>Writes the properties of an element of <c>variants</c>.</summary>
    public static void Write(Utf8JsonWriter json, VariantEntry variant)
    {
        json.WriteString("layout", ManifestNames.Of(variant.Layout));
        json.WriteStartObject("output");
        Write(json, variant.Output);
        json.WriteEndObject();
        json.WriteString("basis", ManifestNames.Of(variant.Basis));
        json.WriteNumber("workRatio", variant.WorkRatio);
        json.WriteNumber("convolutions", variant.Convolutions);
        json.WriteNumber("reorders", variant.Reorders);
    }

    /// <summary>Reads them.</summary>
    public static VariantEntry ReadVariant(JsonElement variant) => new(
        ManifestNames.LayoutOf(TextOf(variant, "layout")), Read(variant.GetProperty("output")), ManifestNames.BasisOf(TextOf(variant, "basis")),
        variant.GetProperty("workRatio").GetDouble(), variant.GetProperty("convolutions").GetInt32(), variant.GetProperty("reorders").GetInt32());
}
