using System.Text.Json;
using Serenity.Build.Identity;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Formats;

/// <summary>SARIF 2.1.0, which code scanning services and editors read.</summary>
internal sealed class SarifFormat : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        var messages = set.Messages().ToArray();
        string[] codes = [.. messages.Select(m => m.Diagnostic.Code).Distinct().Order(StringComparer.Ordinal)];
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json");
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            json.WriteStartObject("tool");
            json.WriteStartObject("driver");
            json.WriteString("name", ToolIdentity.Tool.Name);
            json.WriteString("semanticVersion", ToolIdentity.Tool.Version);
            json.WriteStartArray("rules");
            foreach (string code in codes)
                WriteRule(json, code);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteString("columnKind", "utf16CodeUnits");
            json.WriteStartArray("results");
            foreach ((var result, SerenityDiagnostic diagnostic, string file, int line, int column) in messages)
            {
                json.WriteStartObject();
                json.WriteString("ruleId", diagnostic.Code);
                json.WriteNumber("ruleIndex", Array.IndexOf(codes, diagnostic.Code));
                json.WriteString("level", diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning");
                json.WriteStartObject("message");
                json.WriteString("text", ModelText.Clean($"{result.Model}: {diagnostic.Message}"));
                json.WriteEndObject();
                WriteLocation(json, file, line, column);
                // The same finding in the next run, whatever its figures and its line are by then.
                json.WriteStartObject("partialFingerprints");
                json.WriteString("serenityModelAndCode/v1", ContentHash.Of(System.Text.Encoding.UTF8.GetBytes($"{result.Project}|{result.Model}|{diagnostic.Code}")));
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.Write(System.Text.Encoding.UTF8.GetString(text.ToArray()).ReplaceLineEndings("\n") + "\n");
    }

    private static void WriteRule(Utf8JsonWriter json, string code)
    {
        json.WriteStartObject();
        json.WriteString("id", code);
        if (SerenityCodes.All.FirstOrDefault(c => c.Code == code) is { } known)
        {
            json.WriteStartObject("shortDescription");
            json.WriteString("text", known.Title);
            json.WriteEndObject();
        }
        if (ErrorPages.Find(code) is { } page)
        {
            json.WriteStartObject("help");
            json.WriteString("text", page);
            json.WriteString("markdown", page);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteLocation(Utf8JsonWriter json, string file, int line, int column)
    {
        bool isAbsolute = Path.IsPathRooted(file);
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartObject("physicalLocation");
        json.WriteStartObject("artifactLocation");
        json.WriteString("uri", isAbsolute ? new Uri(file).AbsoluteUri : string.Join('/', file.Split('/').Select(Uri.EscapeDataString)));
        if (!isAbsolute)
            json.WriteString("uriBaseId", "%SRCROOT%");
        json.WriteEndObject();
        if (line > 0)
        {
            json.WriteStartObject("region");
            json.WriteNumber("startLine", line);
            if (column > 0)
                json.WriteNumber("startColumn", column);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
