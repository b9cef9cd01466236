using System.Text.Json;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>What a manifest says of sizes that are not fixed: ranges with the formula of the peak, and bounds of what depends on data.</summary>
internal static class RangeJson
{
    /// <summary>Writes the properties of <c>range</c>.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="range">What is said of the range.</param>
    /// <param name="caches">The caches of a decoder: told from its inputs and outputs each time, and so not read.</param>
    public static void Write(Utf8JsonWriter json, RangeFacts range, IReadOnlyList<CacheEntry> caches)
    {
        Write(json, "ranges", range.Ranges);
        JsonParts.Names(json, "peaks", [.. range.Peaks.Select(p => p.ToString())]);
        if (range.Required.Count > 0)
            JsonParts.Names(json, "required", [.. range.Required.Select(r => r.ToString())]);
        JsonParts.Sizes(json, "peakAt", range.PeakAt);
        Objects(json, "points", range.Points, static (j, point) =>
        {
            JsonParts.Sizes(j, "sizes", point.Sizes);
            j.WriteNumber("bytes", point.Bytes);
            Optional(j, "measuredBytes", point.MeasuredBytes);
            Optional(j, "workspaceBytes", point.WorkspaceBytes);
            Optional(j, "requiredBytes", point.RequiredBytes);
        });
        if (range.OneSize is { } one)
        {
            json.WriteStartObject("oneSize");
            json.WriteNumber("bytes", one.Bytes);
            json.WriteString("value", one.Value);
            json.WriteString("node", one.Node);
            json.WriteString("operator", one.Operator);
            json.WriteEndObject();
        }
        if (caches.Count == 0)
            return;
        json.WriteString("cacheBytesPerToken", CacheTable.BytesPerToken(caches).ToString());
        Objects(json, "caches", caches, static (j, cache) =>
        {
            j.WriteString("input", cache.Input);
            j.WriteString("output", cache.Output);
            j.WriteString("dimension", cache.Dimension);
            j.WriteString("bytesPerToken", cache.BytesPerToken.ToString());
        });
    }

    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">A formula cannot be computed at a size that stands beside it.</exception>
    public static RangeFacts Read(JsonElement range)
    {
        RangeFacts facts = new(
            ReadRanges(range.GetProperty("ranges")), List(range.GetProperty("peaks"), static p => SizeExpression.Parse(TextOf(p))), JsonValues.Sizes(range.GetProperty("peakAt")),
            List(range.GetProperty("points"), static p => new RangePoint(
                JsonValues.Sizes(p.GetProperty("sizes")), Number(p, "bytes"), OptionalNumber(p, "measuredBytes"), OptionalNumber(p, "workspaceBytes"))
            { RequiredBytes = OptionalNumber(p, "requiredBytes") }))
        {
            Required = range.TryGetProperty("required", out JsonElement required) ? List(required, static r => SizeExpression.Parse(TextOf(r))) : [],
            OneSize = range.TryGetProperty("oneSize", out JsonElement one) ? new OneSizeFacts(Number(one, "bytes"), TextOf(one, "value"), TextOf(one, "node"), TextOf(one, "operator")) : null,
        };
        // Who reads the manifest asks for a peak at any size in the ranges.
        foreach (IReadOnlyDictionary<string, long> sizes in facts.Points.Select(p => p.Sizes).Prepend(facts.PeakAt))
        {
            try
            {
                _ = facts.PeakBytes(sizes);
                _ = facts.RequiredBytes(sizes);
            }
            catch (Exception e) when (e is KeyNotFoundException or OverflowException or DivideByZeroException or InvalidOperationException)
            {
                throw new FormatException("A formula of 'range' does not go with its sizes.", e);
            }
        }
        return facts;
    }

    /// <summary>Writes a property that holds ranges by the name of their dimension.</summary>
    public static void Write(Utf8JsonWriter json, string property, IReadOnlyDictionary<string, SizeRange> ranges)
    {
        json.WriteStartObject(property);
        foreach ((string dimension, SizeRange range) in ranges.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(dimension);
            json.WriteNumber("from", range.From);
            json.WriteNumber("to", range.To);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Reads its value.</summary>
    public static SortedDictionary<string, SizeRange> ReadRanges(JsonElement sizes)
    {
        SortedDictionary<string, SizeRange> ranges = new(StringComparer.Ordinal);
        foreach (JsonProperty range in sizes.EnumerateObject())
            ranges[range.Name] = new SizeRange(Number(range.Value, "from"), Number(range.Value, "to"));
        return ranges;
    }

    /// <summary>Writes the properties of an element of <c>bounds</c>.</summary>
    public static void Write(Utf8JsonWriter json, SizeBound bound)
    {
        json.WriteString("tensor", bound.Tensor);
        JsonParts.Numbers(json, "dims", bound.Dims);
        json.WriteBoolean("atMost", bound.AtMost);
        json.WriteString("origin", ManifestNames.Of(bound.Origin));
    }

    /// <summary>Reads them.</summary>
    public static SizeBound ReadBound(JsonElement bound) => new(
        TextOf(bound, "tensor"), JsonValues.Numbers(bound.GetProperty("dims")), bound.GetProperty("atMost").GetBoolean(), ManifestNames.OriginOf(TextOf(bound, "origin")));
}
