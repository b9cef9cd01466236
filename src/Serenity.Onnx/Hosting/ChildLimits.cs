using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Hosting;

/// <summary>What the process that works on one model may take. Far above what any model tried needs, so nothing depends on them but the error of one that runs away.</summary>
/// <param name="Bytes">Memory held at any one time, in bytes.</param>
/// <param name="Processor">Time on processors, so that a machine that is busy with other things ends nothing.</param>
internal sealed record ChildLimits(long Bytes, TimeSpan Processor)
{
    /// <summary>
    /// 2 GiB, and eight times the model with its external data: it is read, copied, serialized and loaded by up to two sessions. 40 seconds, and 50 ms for every node and
    /// 100 ms for every MiB; without a limit where the item sets a limit of its own for the search.
    /// </summary>
    public static ChildLimits Of(LoadedModel file, OptimizeRequest request)
    {
        long model = file.FileBytes;
        foreach (string data in file.ExternalFiles)
            model += new FileInfo(data).Length;
        return new ChildLimits(
            (2L << 30) + (8 * model),
            request.SearchLimit is not null ? TimeSpan.MaxValue
                : TimeSpan.FromSeconds(40) + (TimeSpan.FromMilliseconds(50) * GraphCheck.CountNodes(file.Model)) + (TimeSpan.FromMilliseconds(100) * (model >> 20)));
    }
}
