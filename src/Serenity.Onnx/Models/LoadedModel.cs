using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>A model that was read and found well formed. <see cref="Model"/> is shared: clone it before you change it.</summary>
/// <param name="Model">The model as it stands in the file.</param>
/// <param name="Path">Absolute path of the file.</param>
/// <param name="FileBytes">Size of the file in bytes, without external data.</param>
/// <param name="ExternalFiles">Absolute paths of the external data files that the model refers to, distinct, in order of first use.</param>
public sealed record LoadedModel(ModelProto Model, string Path, long FileBytes, IReadOnlyList<string> ExternalFiles)
{
    /// <summary>Absolute path of the folder that external data is relative to.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>True if some weights lie outside the file.</summary>
    public bool HasExternalData => ExternalFiles.Count > 0;

    /// <summary><see cref="Folder"/> where some weights lie outside the file; null where there is nothing to look for.</summary>
    public string? ExternalFolder => HasExternalData ? Folder : null;
}
