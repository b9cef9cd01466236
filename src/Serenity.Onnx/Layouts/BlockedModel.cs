using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>A model with images in blocks of channels.</summary>
/// <param name="Model">The model; its nodes stand in the order of the one that it was made from.</param>
/// <param name="Shapes">Types of all its values; images in blocks with the channels that fill the last block.</param>
/// <param name="Block">Channels in a block.</param>
/// <param name="Weights">Weights that were put in another order.</param>
/// <param name="Reorders">Nodes that put an image into blocks or take it out of them.</param>
internal sealed record BlockedModel(ModelProto Model, ShapeTable Shapes, int Block, IReadOnlyList<BlockedWeight> Weights, int Reorders)
{
    /// <summary>Predicted time of a run, in nanoseconds.</summary>
    public double Work { get; init; }

    /// <summary>For each image in blocks the one that it was made of.</summary>
    public IReadOnlyDictionary<string, string> SourceOf { get; init; } = new Dictionary<string, string>();

    /// <summary>Convolutions in the blocked layout.</summary>
    public int Convolutions { get; init; }
}

/// <summary>Weights of a convolution that were put in another order.</summary>
/// <param name="Name">Their name in the model.</param>
/// <param name="Source">What they were made from.</param>
/// <param name="FromPlain">True if they are for inputs that are not in blocks, or for a convolution of each channel on its own.</param>
internal sealed record BlockedWeight(string Name, TensorProto Source, bool FromPlain);
