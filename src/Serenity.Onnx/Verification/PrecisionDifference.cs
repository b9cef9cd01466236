using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>How far the outputs of a model in two precisions are apart: both are run on the same ordinary inputs, the source as ONNX Runtime runs it today.</summary>
internal static class PrecisionDifference
{
    /// <summary>More is no rounding of float16, whose steps are a two-thousandth: then something else was computed.</summary>
    private const double Most = 0.1;

    /// <summary>The largest difference, scaled to the output's largest magnitude; null where the source does not run on what is made up for it.</summary>
    /// <param name="half">The source.</param>
    /// <param name="wide">The same in float32.</param>
    /// <param name="source">Where it comes from, and its shapes.</param>
    /// <param name="cancellation">Ends it at the next kernel.</param>
    /// <exception cref="SerenityException">SER1501: they are further apart than precision explains.</exception>
    public static double? Of(ModelProto half, ModelProto wide, SourceModel source, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        (string? folder, string path) = (source.File.ExternalFolder, source.File.Path);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, expected, actual;
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(half, folder, path));
            SeededInputs seeded = new(source.File.Model.Graph, session.Inputs, source.Shapes.Main);
            if (seeded.Unsupported is not null || !seeded.FitIn(ModelVerifier.BytesForManyCases))
                return null;
            inputs = seeded.Create(InputCase.Uniform);
            expected = session.Run(inputs, cancellation: cancellation);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            return null;
        }
        using (ModelSession session = ModelSession.Load(RunnableModel.Of(wide, folder, path)))
            actual = session.Run(inputs, cancellation: cancellation);
        double most = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            double difference = OutputComparison.Compare(expected[i].Value, actual[i].Value, exact: false).MaxError;
            if (difference > Most)
            {
                throw new SerenityException(SerenityCodes.OutputsDiffer, path, string.Create(CultureInfo.InvariantCulture,
                    $"In float32 the model gives another result: output '{expected[i].Key}' is off by {difference:E1} of its largest magnitude. Either float16 overflows in the model as it is, or this is a fault of Serenity.Build: please report it with the model. Until then leave Precision out."));
            }
            most = Math.Max(most, difference);
        }
        return most;
    }
}
