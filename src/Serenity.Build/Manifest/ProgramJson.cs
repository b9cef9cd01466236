using System.Text.Json;
using Serenity.Onnx.Contract;
using static Serenity.Build.Manifest.JsonParts;
using static Serenity.Build.Manifest.JsonValues;

namespace Serenity.Build.Manifest;

/// <summary>The program of a manifest, which its file has as <c>schedule</c>, <c>operatorTypes</c> and <c>tensors</c>.</summary>
internal static class ProgramJson
{
    /// <summary>Reads the three.</summary>
    /// <param name="root">The manifest.</param>
    public static ExecutionProgram Read(JsonElement root)
    {
        string[] nodes = JsonValues.Names(root.GetProperty("schedule")), types = root.TryGetProperty("operatorTypes", out JsonElement given) ? JsonValues.Names(given) : [];
        return types.Length == 0 || types.Length == nodes.Length ? ExecutionProgram.Of(nodes, types, List(root.GetProperty("tensors"), ReadTensor))
            : throw new FormatException("There are not as many operator types as nodes.");
    }

    /// <summary>Writes the properties of an element of <c>tensors</c>.</summary>
    public static void Write(Utf8JsonWriter json, TensorFacts tensor)
    {
        json.WriteString("name", tensor.Name);
        json.WriteNumber("bytes", tensor.Bytes);
        Optional(json, "offset", tensor.Offset);
        Optional(json, "memory", tensor.Memory);
        if (tensor.Move is { } move)
            MemoryLevelsJson.Write(json, move);
        json.WriteNumber("firstStep", tensor.FirstStep);
        json.WriteNumber("lastStep", tensor.LastStep);
        json.WriteString("role", ManifestNames.Of(tensor.Role));
        if (tensor.Apart == true)
            json.WriteBoolean("apart", true);
        Optional(json, "aliasOf", tensor.AliasOf);
        if (tensor.Parts is { } parts)
            JsonParts.Names(json, "parts", parts);
        Optional(json, "type", tensor.Type);
        if (tensor.OpenShape is { } shape)
            JsonParts.Names(json, "openShape", shape);
        JsonParts.Steps(json, "writers", tensor.Writers);
        JsonParts.Steps(json, "readers", tensor.Readers);
        Optional(json, "scratchOf", tensor.ScratchOf);
    }

    private static TensorFacts ReadTensor(JsonElement tensor) => new(
        TextOf(tensor, "name"), Number(tensor, "bytes"), OptionalNumber(tensor, "offset"), tensor.GetProperty("firstStep").GetInt32(),
        tensor.GetProperty("lastStep").GetInt32(), ManifestNames.RoleOf(TextOf(tensor, "role")), OptionalText(tensor, "aliasOf"),
        tensor.TryGetProperty("parts", out JsonElement parts) ? JsonValues.Names(parts) : null, OptionalText(tensor, "type"),
        tensor.TryGetProperty("writers", out JsonElement writers) ? JsonValues.Steps(writers) : null,
        tensor.TryGetProperty("readers", out JsonElement readers) ? JsonValues.Steps(readers) : null, OptionalText(tensor, "scratchOf"))
    {
        Apart = tensor.TryGetProperty("apart", out JsonElement apart) ? apart.GetBoolean() : null,
        OpenShape = tensor.TryGetProperty("openShape", out JsonElement shape) ? JsonValues.Names(shape) : null,
        Memory = OptionalText(tensor, "memory"),
        Move = tensor.TryGetProperty("move", out JsonElement move) ? MemoryLevelsJson.ReadMove(move) : null,
    };
}
