using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation.Messages;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// What parent and host hand each other for one request, as files in a folder of its own. <c>request.bin</c> goes in; <c>answer.bin</c> with <c>model.onnx</c>, or
/// <c>error.bin</c> or <c>fault.bin</c>, comes back. A host that dies leaves none of them, or what it died of.
/// </summary>
/// <param name="folder">Absolute path of the folder.</param>
internal sealed class HostFiles(string folder)
{
    private string RequestPath => Path.Combine(folder, "request.bin");

    private string AnswerPath => Path.Combine(folder, "answer.bin");

    private string ErrorPath => Path.Combine(folder, "error.bin");

    private string FaultPath => Path.Combine(folder, "fault.bin");

    private string ModelPath => Path.Combine(folder, "model.onnx");

    private string VariantPath(int variant) => Path.Combine(folder, $"variant{variant.ToString(System.Globalization.CultureInfo.InvariantCulture)}.onnx");

    // Beside the folder, which goes as soon as the answer is read: this is copied only when the model is written.
    private string SpillPath => folder + ".data";

    /// <summary>Writes the request; whom progress is reported to stays behind.</summary>
    public void WriteRequest(OptimizeRequest request) =>
        File.WriteAllBytes(RequestPath, MessageWriter.ToBytes(request, RequestMessage.Write));

    /// <summary>Reads the request.</summary>
    /// <exception cref="InvalidDataException">It was cut short.</exception>
    public OptimizeRequest ReadRequest() => MessageReader.Read(File.ReadAllBytes(RequestPath), RequestMessage.Read);

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
        File.WriteAllBytes(AnswerPath, MessageWriter.ToBytes(new HostAnswer(result, dataFile, parts), AnswerMessage.Write));
    }

    /// <summary>Writes an error.</summary>
    public void WriteError(SerenityDiagnostic error) =>
        File.WriteAllBytes(ErrorPath, MessageWriter.ToBytes(error, ProblemMessage.Write));

    /// <summary>Writes an exception that nobody foresaw.</summary>
    public void WriteFault(HostFault fault) =>
        File.WriteAllBytes(FaultPath, MessageWriter.ToBytes(fault, ProblemMessage.Write));

    /// <summary>Throws what the host gave in place of an answer, if it gave that.</summary>
    /// <exception cref="SerenityException">Its error.</exception>
    /// <exception cref="InvalidDataException">It was cut short.</exception>
    public void ThrowProblem()
    {
        if (File.Exists(ErrorPath))
        {
            SerenityDiagnostic error = MessageReader.Read(File.ReadAllBytes(ErrorPath), ProblemMessage.ReadDiagnostic);
            throw new SerenityException(error.Code, error.File, error.Message) { Settings = error.Settings };
        }
        if (File.Exists(FaultPath))
            throw MessageReader.Read(File.ReadAllBytes(FaultPath), ProblemMessage.ReadFault).ToException();
    }

    /// <summary>The answer; null if there is none.</summary>
    /// <param name="model">Content of the .onnx file.</param>
    /// <param name="variants">Content of the file of each variant.</param>
    /// <exception cref="InvalidDataException">It was cut short.</exception>
    public HostAnswer? ReadAnswer(out byte[] model, out IReadOnlyList<byte[]> variants)
    {
        variants = [];
        model = File.Exists(ModelPath) ? File.ReadAllBytes(ModelPath) : [];
        if (!File.Exists(AnswerPath))
            return null;
        HostAnswer answer = MessageReader.Read(File.ReadAllBytes(AnswerPath), AnswerMessage.Read);
        variants = [.. Enumerable.Range(0, answer.Facts.Variants.Count).Select(i => File.ReadAllBytes(VariantPath(i)))];
        return answer;
    }
}
