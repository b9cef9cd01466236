using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;

namespace Serenity.Benchmarks.Work;

/// <summary>Terms of the nodes of a model that stands in blocks of channels, as it is written.</summary>
internal static class BlockedTerms
{
    /// <summary>Adds a node's terms; false where its kernel is not one for blocks.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="kernel">The node.</param>
    /// <param name="block">Channels in a block.</param>
    public static bool TryAdd(TimeSum sum, KernelShapes kernel, int block)
    {
        if (kernel.Node.Domain != OperatorDomain.Nchwc)
            return false;
        sum.Add(TimeTerm.Node, 1);
        switch (kernel.Node.OpType)
        {
            case "Conv":
                BlockedTime.AddConvolution(sum, kernel, block);
                break;
            case "ReorderInput" or "ReorderOutput":
                BlockedTime.AddReorder(sum, Math.Max(kernel.Made, kernel.Read));
                break;
            case "Upsample":
                BlockedTime.AddUpsample(sum, kernel.Made);
                break;
            default:
                BlockedTime.AddPool(sum, kernel, block);
                break;
        }
        return true;
    }
}
