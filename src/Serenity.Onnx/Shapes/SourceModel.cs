using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes;

/// <summary>A model that is ready to be planned: read, checked, every node named, every size known.</summary>
/// <param name="File">The model as it stands in its file, or the piece of it that was asked for; not to be changed.</param>
/// <param name="Model">The same with a unique name for every node and all open dimensions of inputs and outputs set.</param>
/// <param name="Shapes">Types and shapes of all its values.</param>
public sealed record SourceModel(LoadedModel File, ModelProto Model, ModelShapes Shapes)
{
    /// <summary>
    /// What results are compared with: the model of the file with the sizes asked for on its inputs and nothing else changed. ONNX Runtime fuses
    /// one way where it knows a size and another where it does not.
    /// </summary>
    public ModelProto Reference { get; init; } = File.Model;

    /// <summary>The piece of a model that a request is about; the model itself where it is about all of it.</summary>
    /// <exception cref="Diagnostics.SerenityException">SER1304: Inputs, Outputs or FixedInputs name what the model does not have.</exception>
    public static LoadedModel Cut(LoadedModel file, OptimizeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return FixedInputs.Apply(ModelCut.Apply(file, request.Inputs ?? [], request.Outputs ?? []), request.FixedInputs);
    }

    /// <summary>The same piece as a file of its own, whose outputs all have a type.</summary>
    public static LoadedModel Extract(LoadedModel file, OptimizeRequest request) => ModelCut.WithOutputTypes(Cut(file, request));

    /// <summary>A request as it holds for a model: of a project's default sizes, those of dimensions that the model has.</summary>
    public static OptimizeRequest Settle(ModelProto model, OptimizeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.SizeFormulas.Count > 0 && request.Ranges.Count == 0)
        {
            // With one size of each, so has what follows.
            Dictionary<string, SizeExpression> known = request.FreeDimensions.ToDictionary(s => s.Key, s => SizeExpression.Of(s.Value), StringComparer.Ordinal);
            RangedInputs.Follow(request.SizeFormulas, known, request.ModelPath);
            Dictionary<string, long> all = known.ToDictionary(s => s.Key, s => s.Value.Constant!.Value, StringComparer.Ordinal);
            request = request with { FreeDimensions = all, SizeFormulas = new Dictionary<string, string>(StringComparer.Ordinal) };
        }
        return request.FreeDimensionsAreDefaults && request.FreeDimensions.Count + request.Ranges.Count > 0
            ? request with
            {
                FreeDimensions = FreeDimensionTable.Applicable(model, request.FreeDimensions),
                Ranges = FreeDimensionTable.Applicable(model, request.Ranges),
                SizeFormulas = FreeDimensionTable.Applicable(model, request.SizeFormulas),
            }
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
        if (request.Ranges.Count > 0)
            RangeGuard.Add(model, request.Ranges);
        ModelShapes shapes = request.Ranges.Count > 0 ? RangedShapes.Run(model, file.Path, request, null, cancellation)
            : ShapeInference.Run(model, file.Path, request.FreeDimensions, request.Bounds, null, cancellation);
        (model, shapes) = ResizeScales.Restate(model, shapes);
        FixedInterface.Apply(model.Graph, shapes.Main);
        FreeDimensionTable free = new(file.Model, request.FreeDimensions, file.Path);
        return new SourceModel(file, model, shapes) { Reference = free.Dimensions.Count == 0 ? file.Model : Sized(file.Model, free) };
    }

    private static ModelProto Sized(ModelProto source, FreeDimensionTable free)
    {
        ModelProto sized = ModelCopy.WithNodes(source, source.Graph.Node);
        for (int i = 0; i < sized.Graph.Input.Count; i++)
        {
            ValueInfoProto input = sized.Graph.Input[i].Clone();
            input.Type = free.Apply(input);
            sized.Graph.Input[i] = input;
        }
        return sized;
    }
}
