using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// What parent and host hand each other for one request, as files in a folder of its own. <c>request.json</c> goes in; <c>answer.json</c> with <c>model.onnx</c>, or
/// <c>error.json</c> or <c>fault.json</c>, comes back. A host that dies leaves none of them, or what it died of.
/// </summary>
/// <param name="folder">Absolute path of the folder.</param>
internal sealed partial class HostFiles(string folder)
{
    private string RequestPath => Path.Combine(folder, "request.json");

    private string AnswerPath => Path.Combine(folder, "answer.json");

    private string ErrorPath => Path.Combine(folder, "error.json");

    private string FaultPath => Path.Combine(folder, "fault.json");

    private string ModelPath => Path.Combine(folder, "model.onnx");

    private string VariantPath(int variant) => Path.Combine(folder, $"variant{variant.ToString(System.Globalization.CultureInfo.InvariantCulture)}.onnx");

    // Beside the folder, which goes as soon as the answer is read: this is copied only when the model is written.
    private string SpillPath => folder + ".data";

    /// <summary>Writes the request; whom progress is reported to stays behind.</summary>
    public void WriteRequest(OptimizeRequest request) =>
        File.WriteAllBytes(RequestPath, JsonSerializer.SerializeToUtf8Bytes(request, HostJson.Default.OptimizeRequest));

    /// <summary>Reads the request.</summary>
    public OptimizeRequest ReadRequest() =>
        JsonSerializer.Deserialize(File.ReadAllBytes(RequestPath), HostJson.Default.OptimizeRequest) ?? throw new JsonException("No request.");

    /// <summary>Writes the answer: the model, made ready to be written where the request names an output, and what was found out.</summary>
    public void WriteAnswer(OptimizationResult result, OptimizeRequest request)
    {
        string? dataFile = null;
        IReadOnlyList<WrittenPart> parts = [];
        if (request.OutputName is { } name)
        {
            WrittenModel written = WrittenModel.Of(result, request.ModelPath, name);
            File.WriteAllBytes(ModelPath, written.Bytes);
            (dataFile, parts) = (written.DataFile, written.Parts(SpillPath));
        }
        else
        {
            using FileStream stream = File.Create(ModelPath);
            result.Model.WriteTo(stream);
        }
        for (int i = 0; i < result.VariantModels.Count; i++)
            File.WriteAllBytes(VariantPath(i), ModelFile.ToBytes(result.VariantModels[i]));
        // Written as the facts it is declared to be there: without the model.
        File.WriteAllBytes(AnswerPath, JsonSerializer.SerializeToUtf8Bytes(new HostAnswer(result, dataFile, parts), HostJson.Default.HostAnswer));
    }

    /// <summary>Writes an error.</summary>
    public void WriteError(SerenityDiagnostic error) =>
        File.WriteAllBytes(ErrorPath, JsonSerializer.SerializeToUtf8Bytes(error, HostJson.Default.SerenityDiagnostic));

    /// <summary>Writes an exception that nobody foresaw.</summary>
    public void WriteFault(HostFault fault) =>
        File.WriteAllBytes(FaultPath, JsonSerializer.SerializeToUtf8Bytes(fault, HostJson.Default.HostFault));

    /// <summary>Throws what the host gave in place of an answer, if it gave that.</summary>
    /// <exception cref="SerenityException">Its error.</exception>
    public void ThrowProblem()
    {
        if (File.Exists(ErrorPath) && JsonSerializer.Deserialize(File.ReadAllBytes(ErrorPath), HostJson.Default.SerenityDiagnostic) is { } error)
            throw new SerenityException(error.Code, error.File, error.Message) { Settings = error.Settings };
        if (File.Exists(FaultPath) && JsonSerializer.Deserialize(File.ReadAllBytes(FaultPath), HostJson.Default.HostFault) is { } fault)
            throw fault.ToException();
    }

    /// <summary>The answer; null if there is none.</summary>
    /// <param name="model">Content of the .onnx file.</param>
    /// <param name="variants">Content of the file of each variant.</param>
    public HostAnswer? ReadAnswer(out byte[] model, out IReadOnlyList<byte[]> variants)
    {
        variants = [];
        model = File.Exists(ModelPath) ? File.ReadAllBytes(ModelPath) : [];
        if (!File.Exists(AnswerPath) || JsonSerializer.Deserialize(File.ReadAllBytes(AnswerPath), HostJson.Default.HostAnswer) is not { } answer)
            return null;
        variants = [.. Enumerable.Range(0, answer.Facts.Variants.Count).Select(i => File.ReadAllBytes(VariantPath(i)))];
        return answer;
    }

    /// <summary>Reads an answer, in memory: what that takes a first time, it does not take again.</summary>
    public static void Rehearse(HostAnswer answer) =>
        JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(answer, HostJson.Default.HostAnswer), HostJson.Default.HostAnswer);

    /// <summary>Code for these types is made when this is compiled: made at run time, it takes a fresh process a tenth of a second.</summary>
    [JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    [JsonSerializable(typeof(OptimizeRequest))]
    [JsonSerializable(typeof(HostAnswer))]
    [JsonSerializable(typeof(SerenityDiagnostic))]
    [JsonSerializable(typeof(HostFault))]
    private sealed partial class HostJson : JsonSerializerContext;
}

/// <summary>What the host found out about a model; the model itself is a file beside it.</summary>
/// <param name="Facts">What the pipeline found out.</param>
/// <param name="DataFile">Name of the external data file to be written; null if there is none.</param>
/// <param name="Parts">What that is put together from.</param>
internal sealed record HostAnswer(OptimizationFacts Facts, string? DataFile, IReadOnlyList<WrittenPart> Parts);
