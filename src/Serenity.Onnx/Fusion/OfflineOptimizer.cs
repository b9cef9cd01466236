using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Fusion;

/// <summary>Lets ONNX Runtime load a model and save what it made of it. The only way it has is through a file.</summary>
internal static class OfflineOptimizer
{
    /// <summary>Loads and saves.</summary>
    /// <param name="model">The model.</param>
    /// <param name="externalFolder">Folder of its external data, or null.</param>
    /// <param name="level">What ONNX Runtime may change.</param>
    /// <param name="file">The file as the user named it, for messages.</param>
    /// <param name="mostFolded">Bytes that a value may have for it to be computed ahead; null for ONNX Runtime's own limit.</param>
    /// <param name="signed">Fuse signed integers as they are, <see cref="SignedIntegers"/>.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeRefuses"/>, <see cref="SerenityCodes.InputOutput"/>.</exception>
    public static ModelProto Run(ModelProto model, string? externalFolder, GraphOptimizationLevel level, string? file, long? mostFolded = null, bool signed = false)
    {
        string folder = TemporaryFolder.Create(file);
        try
        {
            string saved = Path.Combine(folder, "model.onnx");
            RunnableModel runnable = RunnableModel.Of(model, externalFolder, file);
            using (SessionOptions options = TruthfulSessionOptions.Create())
            {
                options.GraphOptimizationLevel = level;
                options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
                options.OptimizedModelFilePath = saved;
                // Nothing will run, so weights need not be laid out for it.
                options.AddSessionConfigEntry("session.disable_prepacking", "1");
                // Slices of every other row and column and their concat stay as they are: a convolution over them can be taken apart so that no two exist at once, one over a SpaceToDepth cannot.
                options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "SliceConcatToSpaceToDepthFusion");
                if (signed)
                    SignedIntegers.Allow(options);
                if (mostFolded is { } bytes)
                    options.AddSessionConfigEntry(FoldedConstants.LimitOption, bytes.ToString(CultureInfo.InvariantCulture));
                ModelSession.LoadAndForget(runnable, options);
            }
            using FileStream stream = File.OpenRead(saved);
            using CodedInputStream input = CodedInputStream.CreateWithLimits(stream, int.MaxValue, 1000);
            ModelProto result = new();
            result.MergeFrom(input);
            return result;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidProtocolBufferException or SerenityException { Code: SerenityCodes.RuntimeRefuses }
            && TemporaryFolder.IsFull(folder, model.CalculateSize()))
        {
            throw TemporaryFolder.Full(file, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
        {
            throw new SerenityException(SerenityCodes.RuntimeRefuses, file,
                $"ONNX Runtime cannot save the model it loaded. Check that the folder for temporary files has room, or set {ModelSetting.Fuse.Of("false")} on the item.", e);
        }
        finally
        {
            TemporaryFolder.Delete(folder);
        }
    }
}
