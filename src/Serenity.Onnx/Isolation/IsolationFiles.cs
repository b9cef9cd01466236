using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// How parent and child talk: files in a folder of their own. <c>request.json</c> goes in; <c>result.json</c> with <c>model.onnx</c>, or
/// <c>error.json</c>, comes back. A child that dies leaves neither.
/// </summary>
/// <param name="folder">Absolute path of the folder.</param>
internal sealed class IsolationFiles(string folder)
{
    private string RequestPath => Path.Combine(folder, "request.json");

    private string ResultPath => Path.Combine(folder, "result.json");

    private string ErrorPath => Path.Combine(folder, "error.json");

    private string ModelPath => Path.Combine(folder, "model.onnx");

    /// <summary>Writes the request; whom progress is reported to stays behind.</summary>
    public void WriteRequest(OptimizeRequest request) =>
        File.WriteAllBytes(RequestPath, JsonSerializer.SerializeToUtf8Bytes(request with { Progress = null }, Options()));

    /// <summary>Reads the request.</summary>
    public OptimizeRequest ReadRequest() =>
        JsonSerializer.Deserialize<OptimizeRequest>(File.ReadAllBytes(RequestPath), Options()) ?? throw new JsonException("No request.");

    /// <summary>Writes the result.</summary>
    public void WriteResult(OptimizationResult result) =>
        File.WriteAllBytes(ResultPath, JsonSerializer.SerializeToUtf8Bytes(result, Options()));

    /// <summary>Writes an error.</summary>
    public void WriteError(SerenityDiagnostic error) =>
        File.WriteAllBytes(ErrorPath, JsonSerializer.SerializeToUtf8Bytes(error, Options()));

    /// <summary>Throws the error that the child gave, if it gave one.</summary>
    /// <exception cref="SerenityException">That error.</exception>
    public void ThrowError()
    {
        if (File.Exists(ErrorPath) && JsonSerializer.Deserialize<SerenityDiagnostic>(File.ReadAllBytes(ErrorPath), Options()) is { } error)
            throw new SerenityException(error.Code, error.File, error.Message);
    }

    /// <summary>The result; null if there is none.</summary>
    public OptimizationResult? ReadResult() =>
        File.Exists(ResultPath) ? JsonSerializer.Deserialize<OptimizationResult>(File.ReadAllBytes(ResultPath), Options()) : null;

    private JsonSerializerOptions Options() => new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new ModelConverter(ModelPath) },
    };

    /// <summary>A model is too large for JSON: it is a file beside it.</summary>
    private sealed class ModelConverter(string path) : JsonConverter<ModelProto>
    {
        public override ModelProto Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            reader.Skip();
            using FileStream stream = File.OpenRead(path);
            using CodedInputStream input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, 1000);
            ModelProto model = new();
            model.MergeFrom(input);
            return model;
        }

        public override void Write(Utf8JsonWriter writer, ModelProto value, JsonSerializerOptions options)
        {
            using (FileStream stream = File.Create(path))
                value.WriteTo(stream);
            writer.WriteStringValue(Path.GetFileName(path));
        }
    }
}
