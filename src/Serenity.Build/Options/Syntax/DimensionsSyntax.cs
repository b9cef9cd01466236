using System.Globalization;
using System.Text.Json;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names with a size, a list or a range of sizes, or a formula of others: <c>batch=1;seq=1..512;total=past+seq</c>, <c>seq=128,256,512</c>.</summary>
public sealed class DimensionsSyntax : OptionSyntax<DimensionSizes>
{
    private const string Range = "..";

    /// <summary>Most files that are written for lists of sizes.</summary>
    private const int MostFiles = 64;

    private static readonly System.Buffers.SearchValues<char> _digitsAndDots = System.Buffers.SearchValues.Create("0123456789.");

    /// <inheritdoc/>
    public override string ValueName => "name=size";

    /// <inheritdoc/>
    public override bool IsNameList => true;

    /// <inheritdoc/>
    public override string Schema => """
        { "type": "object", "additionalProperties": { "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "object", "required": ["from", "to"] }, { "type": "string" }] } }
        """;

    /// <inheritdoc/>
    public override DimensionSizes Parse(string text)
    {
        SortedDictionary<string, long> sizes = new(StringComparer.Ordinal);
        SortedDictionary<string, SizeRange> ranges = new(StringComparer.Ordinal);
        SortedDictionary<string, string> formulas = new(StringComparer.Ordinal);
        SortedDictionary<string, IReadOnlyList<long>> lists = new(StringComparer.Ordinal);
        List<string> problems = [];
        foreach (string part in Parts(text))
        {
            try
            {
                Read(part);
            }
            catch (FormatException problem)
            {
                // What is wrong with the others is said as well.
                problems.Add(problem.Message);
            }
        }
        if (problems.Count > 0)
            throw new FormatException(string.Join("; ", problems));
        long files = lists.Values.Aggregate(1L, (product, listed) => Math.Min(MostFiles + 1, product * listed.Count));
        if (files > MostFiles)
            throw new FormatException($"a file is written for every combination of listed sizes, and there are more than {MostFiles}; give shorter lists, or a range");
        return lists.Count == 0 ? Of(sizes, ranges, formulas) : Of(sizes, ranges, formulas) with { Lists = lists };

        void Read(string part)
        {
            // The last "=": a dimension's name may hold one, as in "seq=2*n", a size cannot.
            int at = part.LastIndexOf('=');
            string dimension = at < 0 ? "" : NameList.Unquote(part[..at].TrimEnd());
            string value = part[(at + 1)..].Trim();
            if (dimension.Length == 0 || value.Length == 0)
                throw new FormatException($"'{part}' is not of the form name=size, as in batch=1;seq=128 or seq=1..512");
            int between = value.IndexOf(Range, StringComparison.Ordinal);
            if (value.Contains(','))
            {
                if (between >= 0)
                    throw new FormatException($"a dimension has a list of sizes or a range, and '{part}' gives both");
                long[] listed = [.. value.Split(',', StringSplitOptions.TrimEntries).Select(size => Number(size, part)).Distinct().Order()];
                if (listed.Length == 1)
                    Add(sizes, listed[0]);
                else
                    Add(lists, listed);
            }
            else if (between >= 0)
            {
                (long from, long to) = (Number(value[..between].TrimEnd(), part), Number(value[(between + Range.Length)..].TrimStart(), part));
                if (from > to)
                    throw new FormatException($"a range begins with the smaller size, which '{value}' in '{part}' does not");
                if (from == to)
                    Add(sizes, from);
                else
                    Add(ranges, new SizeRange(from, to));
            }
            else if (char.IsLetter(value[0]) || value[0] == '_' || value.AsSpan().IndexOfAny('+', '*', '/') >= 0)
            {
                Add(formulas, value);
            }
            else
            {
                Add(sizes, Number(value, part));
            }

            void Add<T>(SortedDictionary<string, T> list, T size)
            {
                if (sizes.ContainsKey(dimension) || ranges.ContainsKey(dimension) || formulas.ContainsKey(dimension) || lists.ContainsKey(dimension))
                    throw new FormatException($"'{dimension}' is given twice");
                list.Add(dimension, size);
            }
        }
    }

    /// <inheritdoc/>
    public override string Format(DimensionSizes value) => NameList.Join(value.Select(d => $"{NameList.Quote(d.Key)}={d.Value}"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, DimensionSizes value)
    {
        json.WriteStartObject();
        foreach ((string name, string text) in value)
        {
            json.WritePropertyName(name);
            if (value.Sizes.TryGetValue(name, out long size))
            {
                json.WriteNumberValue(size);
            }
            else if (value.Ranges.TryGetValue(name, out SizeRange? range))
            {
                json.WriteStartObject();
                json.WriteNumber("from", range.From);
                json.WriteNumber("to", range.To);
                json.WriteEndObject();
            }
            else
            {
                json.WriteStringValue(text);
            }
        }
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override DimensionSizes Read(JsonElement json)
    {
        SortedDictionary<string, long> sizes = new(StringComparer.Ordinal);
        SortedDictionary<string, SizeRange> ranges = new(StringComparer.Ordinal);
        SortedDictionary<string, string> formulas = new(StringComparer.Ordinal);
        foreach (JsonProperty dimension in json.EnumerateObject())
        {
            if (dimension.Value.ValueKind == JsonValueKind.Object)
                ranges[dimension.Name] = new SizeRange(dimension.Value.GetProperty("from").GetInt64(), dimension.Value.GetProperty("to").GetInt64());
            else if (dimension.Value.ValueKind == JsonValueKind.String)
                formulas[dimension.Name] = dimension.Value.GetString()!;
            else
                sizes[dimension.Name] = dimension.Value.GetInt64();
        }
        return Of(sizes, ranges, formulas);
    }

    private static DimensionSizes Of(SortedDictionary<string, long> sizes, SortedDictionary<string, SizeRange> ranges, SortedDictionary<string, string> formulas) =>
        new(sizes, ranges.Count == 0 ? OptimizeRequest.NoRanges : ranges, formulas.Count == 0 ? OptimizeRequest.NoFormulas : formulas);

    /// <summary>Dimensions with a semicolon or a comma between, each with its size. A number behind a comma is one more size of the dimension before it.</summary>
    private static List<string> Parts(string text)
    {
        List<string> parts = [];
        foreach (string part in NameList.Split(text))
        {
            int first = parts.Count;
            foreach (string piece in NameList.SplitAtCommas(NameList.Escape(part)))
            {
                if (parts.Count > first && !piece.AsSpan().ContainsAnyExcept(_digitsAndDots))
                    parts[^1] += "," + piece;
                else
                    parts.Add(piece);
            }
        }
        return parts;
    }

    private static long Number(string text, string part) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size
        : throw new FormatException($"a size is a whole number, which '{text}' in '{part}' is not");
}
