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
    /// <summary>A request as it holds for a model: of a project's default sizes, those of dimensions that the model has.</summary>
    public static OptimizeRequest Settle(ModelProto model, OptimizeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request is { FreeDimensionsAreDefaults: true, FreeDimensions.Count: > 0 }
            ? request with { FreeDimensions = FreeDimensionTable.Applicable(model, request.FreeDimensions) }
            : request;
    }

    /// <summary>Prepares a model that was read.</summary>
    /// <exception cref="Diagnostics.SerenityException">Its shapes are at fault; says how.</exception>
    public static SourceModel Prepare(LoadedModel file, OptimizeRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        // Cheap: protobuf's byte strings never change, so a clone shares the weights.
        ModelProto model = file.Model.Clone();
        UniqueNames.Assign(model);
        ModelShapes shapes = ShapeInference.Run(model, file.Path, request.FreeDimensions, cancellation);
        FixedInterface.Apply(model.Graph, shapes.Main);
        return new SourceModel(file, model, shapes);
    }
}
