using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Results;

/// <summary>
/// What a build leaves in obj for those who come after it, the command line in a pipeline above all: the models of a project, where they are named, what they
/// need, and what was told of them. Paths are relative to the file's folder, so that obj can be moved with its project. Written and read without the serializer,
/// which takes longer to start than a build with nothing to do.
/// </summary>
public static class ResultsFile
{
    /// <summary>Its name, in the staging folder.</summary>
    public const string Name = "serenity-results.json";

    /// <summary>Writes the file, where it would be another than is there.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="project">Name of the project, with its target framework where it has several.</param>
    /// <param name="results">The models.</param>
    /// <exception cref="SerenityException">SER1601: it cannot be written.</exception>
    public static void Write(string path, string project, IReadOnlyList<ModelResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        string folder = Path.GetDirectoryName(path)!;
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteString("project", project);
            json.WriteStartArray("models");
            foreach (ModelResult result in results)
                Write(json, result, file => Path.GetRelativePath(folder, file).Replace('\\', '/'));
            json.WriteEndArray();
            json.WriteEndObject();
        }
        byte[] text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(stream.ToArray()).ReplaceLineEndings("\n") + "\n");
        if (RegularFile.LengthOf(path) != text.Length || !text.AsSpan().SequenceEqual(File.ReadAllBytes(path)))
            AtomicFile.Write(path, text);
    }

    /// <summary>Reads the file.</summary>
    /// <param name="path">Absolute path.</param>
    /// <exception cref="SerenityException">SER1602: it is not one; SER1601: it cannot be read.</exception>
    public static IReadOnlyList<ModelResult> Read(string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.GetProperty("version").GetInt32() != 1)
                throw new FormatException();
            string folder = Path.GetDirectoryName(path)!, project = json.RootElement.GetProperty("project").GetString() ?? "";
            return [.. json.RootElement.GetProperty("models").EnumerateArray().Select(model => Read(model, folder) with { Project = project })];
        }
        catch (Exception problem) when (problem is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new SerenityException(SerenityCodes.BadManifest, path, "The results of a build cannot be read: the file is damaged, or of another version. Build the project again.", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, path, $"The results of a build cannot be read: {problem.Message.ReplaceLineEndings(" ")}", problem);
        }
    }

    private static void Write(Utf8JsonWriter json, ModelResult result, Func<string, string> relative)
    {
        json.WriteStartObject();
        json.WriteString("model", result.Model);
        if (result.Place is { } place)
        {
            json.WriteString("file", relative(place.File));
            json.WriteNumber("line", place.Line);
            json.WriteNumber("column", place.Column);
        }
        if (result.ManifestPath is { } manifest)
            json.WriteString("manifest", relative(manifest));
        if (result.BaselineKey is { } key)
        {
            json.WriteString("source", relative(key.SourcePath));
            if (key.Variant.Length > 0)
                json.WriteString("variant", key.Variant);
        }
        if (result.PlansSessions)
            json.WriteBoolean("plansSessions", true);
        if (result.Figures is { } figures)
        {
            json.WriteNumber("originalBytes", figures.OriginalBytes);
            json.WriteNumber("peakBytes", figures.PeakBytes);
            Write(json, "workspaceBytes", figures.WorkspaceBytes);
            json.WriteNumber("requiredBytes", figures.RequiredBytes);
            json.WriteBoolean("atMost", figures.AtMost);
            json.WriteNumber("weightBytes", figures.WeightBytes);
            Write(json, "memoryBudget", figures.Budget.MemoryBytes);
            Write(json, "weightBudget", figures.Budget.WeightBytes);
            json.WriteNumber("runs", figures.Runs);
            Write(json, "processBytes", figures.ProcessBytes);
            Write(json, "processBudget", figures.Budget.ProcessBytes);
            if (figures.Budget.Device is { } device)
                json.WriteString("device", device);
            Write(json, "baselineBytes", figures.BaselineBytes);
            if (figures.LargestLayout is { } largest)
            {
                json.WriteString("largestLayout", largest.Layouts);
                json.WriteNumber("largestLayoutBytes", largest.RequiredBytes);
            }
            if (figures.OverMemories.Count > 0)
            {
                json.WriteStartObject("overMemories");
                foreach (OverMemory memory in figures.OverMemories)
                    json.WriteNumber(memory.Name, memory.Bytes);
                json.WriteEndObject();
            }
        }
        else if (result.HeldTo is { } held)
        {
            Write(json, "memoryBudget", held.MemoryBytes);
            Write(json, "weightBudget", held.WeightBytes);
            Write(json, "processBudget", held.ProcessBytes);
            if (held.Device is { } device)
                json.WriteString("device", device);
        }
        json.WriteString("verdict", result.Verdict.ToString().ToLowerInvariant());
        json.WriteStartArray("diagnostics");
        foreach (SerenityDiagnostic diagnostic in result.Diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("code", diagnostic.Code);
            json.WriteString("severity", diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning");
            json.WriteString("message", diagnostic.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, long? bytes)
    {
        if (bytes is { } known)
            json.WriteNumber(name, known);
    }

    private static ModelResult Read(JsonElement model, string folder)
    {
        string name = Text(model, "model")!;
        ProjectPlace? place = Text(model, "file") is { } file
            ? new ProjectPlace(Path.GetFullPath(file, folder), model.GetProperty("line").GetInt32(), model.GetProperty("column").GetInt32()) : null;
        ModelFigures? figures = null;
        Budgets.MemoryBudgets held = new(Number(model, "memoryBudget"), Number(model, "weightBudget"), Text(model, "device"), Number(model, "processBudget"));
        if (Number(model, "peakBytes") is { } peak)
        {
            long? workspace = Number(model, "workspaceBytes");
            long weights = model.GetProperty("weightBytes").GetInt64();
            int runs = (int)(Number(model, "runs") ?? 1);
            long? process = Number(model, "processBytes");
            BudgetEntry budget = Checks.BudgetCheck.Judge(
                MemoryAccount.OfPeak(peak, workspace, runs).RequiredBytes, weights,
                held, process,
                // One of the device's memories is too small: no figure here says so, and the error does.
                model.GetProperty("diagnostics").EnumerateArray().Any(d => Text(d, "code") == SerenityCodes.OverMemoryBudget) ? false : null);
            figures = new ModelFigures(
                model.GetProperty("originalBytes").GetInt64(), peak, workspace, model.GetProperty("atMost").GetBoolean(), weights, budget, Number(model, "baselineBytes"))
            {
                Runs = runs,
                ProcessBytes = process,
                LargestLayout = Text(model, "largestLayout") is { } layout && Number(model, "largestLayoutBytes") is { } bytes
                    ? new LayoutFigure(layout, bytes) : null,
                OverMemories = model.TryGetProperty("overMemories", out JsonElement over) ? [.. over.EnumerateObject().Select(m => new OverMemory(m.Name, m.Value.GetInt64()))] : [],
            };
        }
        SerenityDiagnostic[] diagnostics = [.. model.GetProperty("diagnostics").EnumerateArray().Select(d => new SerenityDiagnostic(
            Text(d, "code")!, Text(d, "severity") == "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning, name, Text(d, "message")!))];
        return new ModelResult(name, place, figures, diagnostics, Text(model, "manifest") is { } manifest ? Path.GetFullPath(manifest, folder) : null)
        {
            HeldTo = figures is null && held != Budgets.MemoryBudgets.None ? held : null,
            BaselineKey = Text(model, "source") is { } source ? new Checks.BaselineKey(Path.GetFullPath(source, folder), Text(model, "variant") ?? "") : null,
            PlansSessions = model.TryGetProperty("plansSessions", out JsonElement plans) && plans.GetBoolean(),
        };
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;
}
