using System.Globalization;
using System.Text;
using System.Text.Json;
using Serenity.Build.Options.Syntax;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Checks;

/// <summary>
/// A file with what each model needed when somebody last agreed to it, to be kept with the sources: a model that needs more fails the build, until the file is
/// updated in the same change, where a review sees it. Models go by their paths from the file's folder, in the order of their names.
/// </summary>
public sealed class Baseline
{
    private const int LargestFile = 16 << 20;

    private readonly SortedDictionary<string, long> _required;

    private Baseline(string path, SortedDictionary<string, long> required)
    {
        Path = path;
        _required = required;
    }

    /// <summary>Absolute path of the file.</summary>
    public string Path { get; }

    /// <summary>Reads a baseline.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="update">How a user makes it, as words behind "run".</param>
    /// <exception cref="SerenityException">SER1004: missing or damaged.</exception>
    public static Baseline Read(string path, string update)
    {
        try
        {
            if (Directory.Exists(path))
                throw Bad(path, $"The baseline '{path}' is a folder. Name a file, such as memory-baseline.json; to make it from what the models need now, run {update}.");
            if (RegularFile.LengthOf(path) is not { } length)
                throw Bad(path, $"The baseline '{path}' does not exist, so nothing holds the model to it. To make it from what the models need now, run {update}.");
            if (length is 0 or > LargestFile)
                throw Bad(path, $"The baseline '{path}' is empty, or far too large to be one. To make it anew, delete it and run {update}.");
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            SortedDictionary<string, long> required = new(StringComparer.Ordinal);
            if (json.RootElement.GetProperty("version").GetInt32() != 1)
                throw new FormatException();
            foreach (JsonProperty model in json.RootElement.GetProperty("models").EnumerateObject())
                required[model.Name] = model.Value.GetProperty("requiredBytes").GetInt64();
            return new Baseline(path, required);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Bad(path, $"The baseline '{path}' cannot be read: it is damaged, left with conflict marks of a merge, or of a newer version. Mend it, or delete it and run {update}.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Bad(path, $"The baseline '{path}' cannot be read: {problem.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>What a model is called in the file.</summary>
    /// <param name="sourcePath">Absolute path of the source model.</param>
    /// <param name="variant">What tells this build of it from others of the same project, such as a target framework; empty for the only one.</param>
    public string NameOf(string sourcePath, string variant)
    {
        string path = System.IO.Path.GetRelativePath(System.IO.Path.GetDirectoryName(Path)!, sourcePath).Replace('\\', '/');
        return variant.Length == 0 ? path : $"{path} ({variant})";
    }

    /// <summary>Bytes that a model needed; null if it is not in the file.</summary>
    public long? Find(string name) => _required.TryGetValue(name, out long bytes) ? bytes : null;

    /// <summary>Holds a model to its figure: an error (SER1003) if it needs more, a warning (SER2002) if it is not in the file; else null.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="neededBytes">What it needs; see <see cref="Onnx.Contract.PeakFacts.RequiredBytes"/>.</param>
    /// <param name="tolerance">How much more is accepted.</param>
    /// <param name="file">The model as the user named it.</param>
    /// <param name="update">How a user updates the file, as words behind "run".</param>
    public SerenityDiagnostic? Check(string name, long neededBytes, Tolerance tolerance, string file, string update)
    {
        ArgumentNullException.ThrowIfNull(tolerance);
        string own = System.IO.Path.GetFileName(Path);
        if (Find(name) is not { } before)
        {
            return new SerenityDiagnostic(
                SerenityCodes.NotInBaseline, DiagnosticSeverity.Warning, file, $"The baseline {own} has no figure of the model ('{name}'), so nothing holds it to one. To add it, run {update}.");
        }
        if (neededBytes <= tolerance.Most(before))
            return null;
        (string need, string was) = ByteSize.Compared(neededBytes, before);
        decimal percent = before == 0 ? 100 : 100m * (neededBytes - before) / before;
        string accepted = tolerance == Tolerance.None ? "" : string.Create(CultureInfo.InvariantCulture, $", where up to {tolerance.Most(before)} are accepted");
        return new SerenityDiagnostic(
            SerenityCodes.OverBaseline, DiagnosticSeverity.Error, file,
            string.Create(CultureInfo.InvariantCulture, $"The model needs {need}; its baseline is {was} (+{percent:0.#} %). If that is meant, run {update} and commit {own}.")
            + string.Create(CultureInfo.InvariantCulture, $" In bytes: {neededBytes}, up from {before}{accepted}. What is live at the peak, and why, is in the report and the manifest."));
    }

    /// <summary>
    /// Puts figures into a baseline, new or as it is by then: several projects may share one, and be built at a time. Models whose files are gone are taken out.
    /// </summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="figures">Names and bytes.</param>
    /// <returns>True if the file changed.</returns>
    /// <exception cref="SerenityException">SER1004: what is there is no baseline; SER1601: it cannot be written.</exception>
    public static bool Update(string path, Func<Baseline, IEnumerable<KeyValuePair<string, long>>> figures)
    {
        ArgumentNullException.ThrowIfNull(figures);
        using Mutex alone = new(false, "serenity-baseline-" + Identity.ContentHash.Of(Encoding.UTF8.GetBytes(path))[..32]);
        try
        {
            alone.WaitOne();
        }
        catch (AbandonedMutexException)
        {
            // Its holder died; the file is whole all the same.
        }
        try
        {
            Baseline baseline = File.Exists(path) || Directory.Exists(path) ? Read(path, "the update again") : new Baseline(path, new SortedDictionary<string, long>(StringComparer.Ordinal));
            foreach ((string name, long bytes) in figures(baseline))
                baseline._required[name] = bytes;
            string folder = System.IO.Path.GetDirectoryName(path)!;
            foreach (string name in baseline._required.Keys.Where(name => !File.Exists(System.IO.Path.Combine(folder, FileOf(name)))).ToArray())
                baseline._required.Remove(name);
            byte[] text = baseline.Write();
            if (File.Exists(path) && text.AsSpan().SequenceEqual(File.ReadAllBytes(path)))
                return false;
            AtomicFile.Write(path, text);
            return true;
        }
        finally
        {
            alone.ReleaseMutex();
        }
    }

    private static string FileOf(string name) => name.EndsWith(')') && name.LastIndexOf(" (", StringComparison.Ordinal) is > 0 and var variant ? name[..variant] : name;

    private byte[] Write()
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteStartObject("models");
            foreach ((string name, long bytes) in _required)
            {
                json.WriteStartObject(name);
                json.WriteNumber("requiredBytes", bytes);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text.ToArray()).ReplaceLineEndings("\n") + "\n");
    }

    private static SerenityException Bad(string path, string what) => new(SerenityCodes.BadBaseline, path, what);
}
