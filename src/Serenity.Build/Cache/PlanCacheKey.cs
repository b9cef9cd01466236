using System.Text;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Onnx.Models;

namespace Serenity.Build.Cache;

/// <summary>
/// What decides the outputs of a model, as one SHA-256: content of the model and of its external data, every option, the exact tool, ONNX
/// Runtime's version and the processor architecture. Paths do not count, so projects and machines can share results.
/// </summary>
public static class PlanCacheKey
{
    /// <summary>The key of a model.</summary>
    /// <param name="item">The model and its options.</param>
    /// <param name="modelSha256">SHA-256 of the model file.</param>
    /// <param name="externalFiles">Absolute paths of its external data files.</param>
    /// <returns>64 hexadecimal digits.</returns>
    public static string Of(ModelItem item, string modelSha256, IReadOnlyList<string> externalFiles)
    {
        ArgumentNullException.ThrowIfNull(item);
        ArgumentNullException.ThrowIfNull(externalFiles);
        StringBuilder text = new();
        text.Append("model ").Append(modelSha256).Append('\n');
        text.Append("options ").Append(item.OptionsKey).Append('\n');
        string folder = Path.GetDirectoryName(item.SourcePath)!;
        foreach (string file in externalFiles)
        {
            text.Append("data ").Append(ContentHash.OfFile(file)).Append(' ')
                .Append(Path.GetRelativePath(folder, file).Replace('\\', '/')).Append('\n');
        }
        foreach (string file in item.Request.SamplePaths)
            text.Append("sample ").Append(ContentHash.OfFile(file)).Append(' ').Append(Path.GetFileName(file)).Append('\n');
        if (item.Request.Runtime is { } runtime)
            text.Append("runtime ").Append(ContentHash.OfFile(runtime.Library)).Append('\n');
        // A model with external data names the data file, whose name is made from its own.
        if (externalFiles.Count > 0)
            text.Append("name ").Append(Path.GetFileName(item.ModelPath)).Append('\n');
        return ContentHash.Of(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
