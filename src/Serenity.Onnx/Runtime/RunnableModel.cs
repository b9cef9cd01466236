using Google.Protobuf;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Runtime;

/// <summary>A model as ONNX Runtime takes it.</summary>
/// <param name="Bytes">The serialized model.</param>
/// <param name="ExternalFolder">Absolute path of the folder that its external data is relative to; null if it has none.</param>
/// <param name="File">The file as the user named it, for messages; or null.</param>
internal sealed record RunnableModel(byte[] Bytes, string? ExternalFolder = null, string? File = null)
{
    /// <summary>Absolute path of a folder that was made for this model alone, and goes with the session that has loaded it; null for none.</summary>
    public string? OwnFolder { get; init; }

    /// <summary>Serializes a model. Deterministic.</summary>
    /// <param name="model">The model; below 2 GiB.</param>
    /// <param name="externalFolder">Folder of its external data, or null.</param>
    /// <param name="file">The file as the user named it, or null.</param>
    public static RunnableModel Of(ModelProto model, string? externalFolder = null, string? file = null) =>
        new(model.ToByteArray(), externalFolder, file);
}
