using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>A model file in a folder of its own.</summary>
internal sealed class ModelOnDisk : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("serenity-test-");

    public ModelOnDisk(byte[] bytes)
    {
        Request = new OptimizeRequest { ModelPath = Path.Combine(Folder, "model.onnx") };
        File.WriteAllBytes(Request.ModelPath, bytes);
    }

    public string Folder => _folder.FullName;

    public OptimizeRequest Request { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
