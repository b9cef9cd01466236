using Google.Protobuf;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Reads and writes ONNX files.</summary>
public static class ModelFile
{
    /// <summary>Reads a model. External data stays a reference.</summary>
    /// <param name="path">Absolute path of the .onnx file.</param>
    public static ModelProto Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        using CodedInputStream input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, 1000);
        ModelProto model = new();
        model.MergeFrom(input);
        return model;
    }
}
