using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>Sizes to begin with for the dimensions that a model leaves open on its inputs: for who writes down a model and does not know yet what the app will give it.</summary>
public static class OpenSizes
{
    /// <summary>The sizes as an item states them, <c>batch=1;seq=128</c>; null where the model leaves no dimension open. ONNX Runtime takes the model with them, where it can be asked.</summary>
    /// <param name="file">The model.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string? Propose(LoadedModel file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        Dictionary<string, long> none = [];
        FreeDimensionTable free = new(file.Model, none, file.Path);
        if (free.Unset.Count == 0)
            return null;
        // A clone shares the weights.
        ModelProto model = file.Model.Clone();
        UniqueNames.Assign(model);
        bool asks = !NativeHazards.MayCrash(model);
        bool Works(IReadOnlyDictionary<string, long> sizes)
        {
            try
            {
                return !asks || ShapeInference.Takes(model, file.Path, none, sizes, cancellation);
            }
            catch (Exception problem) when (problem is SerenityException or OverflowException)
            {
                // What is wrong with the model the build tells.
                asks = false;
                return true;
            }
        }
        return FreeDimensionProposal.Text(FreeDimensionProposal.Of(free, Works));
    }
}
