using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>Plans as the files that are written of them, where that is more than the model itself: made once for each plan, verified as such, and handed on.</summary>
/// <param name="format">The format.</param>
/// <param name="source">The source model.</param>
internal sealed class WrittenForm(ModelFormat format, SourceModel source)
{
    private const string FileName = "model.onnx";

    private (ModelProto Model, byte[] Bytes)? _last;

    /// <summary>Content of the file that is written of a plan; null where that is the model, as it is saved.</summary>
    public byte[]? Content(ExecutorPlan plan) => format == ModelFormat.Ort ? Serialized(plan) : null;

    /// <summary>What loads a plan from its files; null where those are just the model.</summary>
    public Func<RunnableModel>? Runnable(ExecutorPlan plan) => format switch
    {
        ModelFormat.Ort => () => new RunnableModel(Serialized(plan), null, source.File.Path),
        ModelFormat.OnnxExternal => () => Outside(plan),
        _ => null,
    };

    private byte[] Serialized(ExecutorPlan plan)
    {
        if (_last is not { } last || !ReferenceEquals(last.Model, plan.Model))
            _last = last = (plan.Model, OrtFormat.Serialize(RunnableModel.Of(plan.Model, source.File.ExternalFolder, source.File.Path)));
        return last.Bytes;
    }

    private RunnableModel Outside(ExecutorPlan plan)
    {
        string folder = TemporaryFolder.Create(source.File.Path);
        try
        {
            WrittenModel written = WrittenModel.Create(plan.Model, source.File.Path, FileName, outside: true);
            written.Save(Path.Combine(folder, FileName));
            return new RunnableModel(written.Bytes, folder, source.File.Path) { OwnFolder = folder };
        }
        catch
        {
            TemporaryFolder.Delete(folder);
            throw;
        }
    }
}
