using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Verification.Inputs;

/// <summary>
/// Inputs near the place where a model decides otherwise: between two ordinary inputs on which its integers or booleans differ, by halving the way. A result that has lost
/// its last bits decides at random there, long before it does on inputs far from any decision.
/// </summary>
internal static class DecisionBoundary
{
    /// <summary>
    /// How often the way is halved: to a sixty-fourth of what ordinary inputs differ by, which is thousands of times more than a sum in another order moves, and little to one that is noise.
    /// </summary>
    private const int Halvings = 6;

    /// <summary>Inputs on both sides of a decision; none where there is none between the two, or the source does not run.</summary>
    /// <param name="source">The source model.</param>
    /// <param name="inputs">What makes inputs.</param>
    /// <param name="outputs">Names of the outputs that decide.</param>
    /// <param name="limits">What one run may need.</param>
    /// <param name="cancellation">Ends it.</param>
    public static IReadOnlyList<IReadOnlyList<KeyValuePair<string, RuntimeValue>>> Find(
        ModelSession source, SeededInputs inputs, IReadOnlyCollection<string> outputs, RunLimits limits, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> from = inputs.Create(InputCase.Uniform), to = inputs.CreateOther();
            byte[] decided = Decide(from);
            if (decided.AsSpan().SequenceEqual(Decide(to)))
                return [];
            for (int i = 0; i < Halvings; i++)
            {
                IReadOnlyList<KeyValuePair<string, RuntimeValue>> middle = Middle(from, to);
                if (Decide(middle).AsSpan().SequenceEqual(decided))
                    from = middle;
                else
                    to = middle;
            }
            return [from, to];
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            return [];
        }

        byte[] Decide(IReadOnlyList<KeyValuePair<string, RuntimeValue>> values) =>
            [.. source.Run(values, limits, cancellation).Where(o => outputs.Contains(o.Key)).Select(o => o.Value).OfType<RuntimeValue.Tensor>().SelectMany(t => t.Data)];
    }

    /// <summary>The mean of two inputs; of what is no floating-point number, the first.</summary>
    private static KeyValuePair<string, RuntimeValue>[] Middle(
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> a, IReadOnlyList<KeyValuePair<string, RuntimeValue>> b) =>
        [.. a.Zip(b, (x, y) => KeyValuePair.Create(x.Key, Mean(x.Value, y.Value)))];

    private static RuntimeValue Mean(RuntimeValue a, RuntimeValue b)
    {
        if (a is not RuntimeValue.Tensor { Type: TensorElementType.Float } x || b is not RuntimeValue.Tensor y)
            return a;
        byte[] data = new byte[x.Data.Length];
        for (int i = 0; i < data.Length; i += sizeof(float))
            BitConverter.TryWriteBytes(data.AsSpan(i), (BitConverter.ToSingle(x.Data, i) + BitConverter.ToSingle(y.Data, i)) / 2);
        return x with { Data = data };
    }
}
