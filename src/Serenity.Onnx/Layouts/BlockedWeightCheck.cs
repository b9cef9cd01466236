using System.Runtime.InteropServices;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>Puts the weights of a written model back and compares them with those that they were made from, bit for bit: what is known of a file that this machine's processor cannot run.</summary>
internal static class BlockedWeightCheck
{
    /// <summary>Checks all of them.</summary>
    /// <param name="blocked">The model.</param>
    /// <param name="reader">Reads the source's weights.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.InternalCheckFailed"/>.</exception>
    public static void Hold(BlockedModel blocked, WeightReader reader)
    {
        Dictionary<string, TensorProto> written = new(StringComparer.Ordinal);
        foreach (TensorProto initializer in blocked.Model.Graph.Initializer)
            written[initializer.Name] = initializer;
        foreach (BlockedWeight weight in blocked.Weights)
        {
            long[] dims = [.. weight.Source.Dims];
            ReadOnlySpan<float> made = MemoryMarshal.Cast<byte, float>(written[weight.Name].RawData.Span), source = reader.ReadFloats(weight.Source);
            float[] back = weight.FromPlain ? BlockedWeights.BackFromPlainInput(made, dims, blocked.Block) : BlockedWeights.BackFromBlockedInput(made, dims, blocked.Block);
            bool same = MemoryMarshal.AsBytes<float>(back).SequenceEqual(MemoryMarshal.AsBytes(source));
            // What is not the source's is what fills blocks, and zero.
            if (!same || NotZero(made) != NotZero(source))
                throw new SerenityException(SerenityCodes.InternalCheckFailed, null, $"Weights '{weight.Name}' do not come back from blocks of {blocked.Block} as they were. This is a defect of Serenity.Build.");
        }
    }

    private static int NotZero(ReadOnlySpan<float> values)
    {
        int count = 0;
        foreach (uint bits in MemoryMarshal.Cast<float, uint>(values))
            count += bits != 0 ? 1 : 0;
        return count;
    }
}
