using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>A model that is ready to be planned: read, checked, every node named, every size known.</summary>
/// <param name="File">The model as it stands in its file; not to be changed.</param>
/// <param name="Model">The same with a unique name for every node and all open dimensions of inputs and outputs set.</param>
/// <param name="Shapes">Types and shapes of all its values.</param>
public sealed record SourceModel(LoadedModel File, ModelProto Model, ModelShapes Shapes)
{
    /// <summary>Reads and prepares a model.</summary>
    /// <exception cref="Diagnostics.SerenityException">The file, its graph or its shapes are at fault; says which.</exception>
    public static SourceModel Load(OptimizeRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        LoadedModel file = ModelFile.Load(request.ModelPath);
        cancellation.ThrowIfCancellationRequested();
        // Cheap: protobuf's byte strings never change, so a clone shares the weights.
        ModelProto model = file.Model.Clone();
        UniqueNames.Assign(model);
        ModelShapes shapes = ShapeInference.Run(model, file.Path, request.FreeDimensions, cancellation);
        FixedInterface.Apply(model.Graph, shapes.Main);
        return new SourceModel(file, model, shapes);
    }
}
