using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// ONNX Runtime's own format. A session that loads it runs the graph as it is, whatever its level of optimization, but for what it may still do to quantized nodes: it is taken for one that
/// was optimized when it was saved. Weights lie in the file.
/// </summary>
internal static class OrtFormat
{
    /// <summary>Content of the <c>.ort</c> file of a model. Deterministic.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>: ONNX Runtime cannot write it, as where the file would be larger than 2 GB; <see cref="SerenityCodes.RuntimeMissing"/>;
    /// <see cref="SerenityCodes.InputOutput"/>.</exception>
    public static byte[] Serialize(RunnableModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        string folder = TemporaryFolder.Create(model.File);
        try
        {
            string saved = Path.Combine(folder, "model.ort");
            using (SessionOptions options = TruthfulSessionOptions.Create(prepack: false))
            {
                options.AddSessionConfigEntry("session.save_model_format", "ORT");
                options.OptimizedModelFilePath = saved;
                options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
                ModelSession.LoadAndForget(model, options);
            }
            return OrtFormatOrder.Apply(File.ReadAllBytes(saved));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SerenityException { Code: SerenityCodes.RuntimeRefuses } && TemporaryFolder.IsFull(folder, model.Bytes.Length))
        {
            throw TemporaryFolder.Full(model.File, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, model.File, "The model cannot be written in ONNX Runtime's format: its file, in the folder for temporary files, cannot be written or read.", e);
        }
        finally
        {
            TemporaryFolder.Delete(folder);
        }
    }
}
