using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Hosting;

/// <summary>What work on one model may take. Far above what any model tried needs, so nothing depends on them but the error of one that runs away.</summary>
/// <param name="Bytes">Memory held at any one time, in bytes.</param>
/// <param name="Processor">Time on processors, so that a machine that is busy with other things ends nothing.</param>
internal sealed record ModelLimits(long Bytes, TimeSpan Processor)
{
    private const long LeastBytes = 2L << 30;

    /// <summary>
    /// Before anything is read: 2 GiB, and eight times the file; 40 seconds, and 100 ms for every MiB. Without a limit of time where the item sets a limit of its own for
    /// the search.
    /// </summary>
    public static ModelLimits Before(OptimizeRequest request) => Of(request, Length(request.ModelPath), nodes: 0);

    /// <summary>
    /// With what a model that was read says: 2 GiB, and eight times the model with its external data, which is read, copied, serialized and loaded by up to two
    /// sessions; 40 seconds, 50 ms for every node and 100 ms for every MiB.
    /// </summary>
    public static ModelLimits Of(LoadedModel file, OptimizeRequest request) =>
        Of(request, file.FileBytes + file.ExternalFiles.Sum(Length), GraphCheck.CountNodes(file.Model));

    private static ModelLimits Of(OptimizeRequest request, long bytes, int nodes) => new(
        LeastBytes + (8 * bytes),
        request.SearchLimit is not null ? TimeSpan.MaxValue
            : TimeSpan.FromSeconds(40) + (TimeSpan.FromMilliseconds(50) * nodes) + (TimeSpan.FromMilliseconds(100) * (bytes >> 20)));

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
