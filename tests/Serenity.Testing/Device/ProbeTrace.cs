using System.Globalization;
using System.Text.Json;

namespace Serenity.Testing.Device;

/// <summary>
/// The first run of a model as the probe saw it: which kernels ran, in which order, and what each took and gave back. A block that a kernel takes and
/// gives back itself is scratch; all others are activations. Of models without control flow.
/// </summary>
public sealed class ProbeTrace
{
    private ProbeTrace(IReadOnlyList<ProbedKernel> kernels, IReadOnlyList<long> allocations, long activationPeak, long peak) =>
        (Kernels, Allocations, ActivationPeak, Peak) = (kernels, allocations, activationPeak, peak);

    /// <summary>Bytes of each allocation, in order.</summary>
    public IReadOnlyList<long> Allocations { get; }

    /// <summary>The kernels in the order they ran in.</summary>
    public IReadOnlyList<ProbedKernel> Kernels { get; }

    /// <summary>Most bytes of activations at any one time.</summary>
    public long ActivationPeak { get; }

    /// <summary>Most bytes at any one time, scratch included.</summary>
    public long Peak { get; }

    /// <summary>Reads the trace of one model.</summary>
    /// <param name="folder">The folder that <see cref="ProbeOptions.TraceFolder"/> named.</param>
    /// <param name="index">The model's place among those that were run.</param>
    /// <param name="result">Its result.</param>
    public static ProbeTrace Read(string folder, int index, ProbeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Dictionary<long, ProbedKernel?> marks = ReadMarks(result.Profile!);
        List<Change> changes = [];
        Dictionary<string, int> taken = [];
        List<ProbedKernel> order = [];
        ProbedKernel? current = null;
        foreach (string line in File.ReadLines(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{index}.trace"))))
        {
            string[] parts = line.Split(' ');
            switch (parts[0])
            {
                case "m":
                    current = marks[long.Parse(parts[1], CultureInfo.InvariantCulture)];
                    if (current is not null)
                        order.Add(current);
                    break;
                case "a":
                    taken[parts[1]] = changes.Count;
                    changes.Add(new Change(current, long.Parse(parts[2], CultureInfo.InvariantCulture)));
                    break;
                default:
                    Change take = changes[taken[parts[1]]], give = new(current, -take.Bytes);
                    take.IsScratch = give.IsScratch = current is not null && ReferenceEquals(take.Kernel, current);
                    changes.Add(give);
                    break;
            }
        }
        foreach (IGrouping<ProbedKernel?, Change> kernel in changes.Where(c => c.IsScratch).GroupBy(c => c.Kernel))
            kernel.Key!.ScratchBytes = Most(kernel);
        return new ProbeTrace(order, [.. changes.Where(c => c.Bytes > 0).Select(c => c.Bytes)], Most(changes.Where(c => !c.IsScratch)), Most(changes));
    }

    /// <summary>The kernel that each mark begins; null for a mark that ends one.</summary>
    private static Dictionary<long, ProbedKernel?> ReadMarks(string path)
    {
        Dictionary<long, ProbedKernel?> marks = [];
        using JsonDocument profile = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement entry in profile.RootElement.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            if (name == "model_run")
                break;
            if (!name.EndsWith("_kernel_time", StringComparison.Ordinal))
                continue;
            JsonElement args = entry.GetProperty("args");
            long last = Number(args, "mem_bytes_in_use"), span = Number(args, "mem_in_use_delta");
            marks.Add(last - span, new ProbedKernel(name[..^"_kernel_time".Length], args.GetProperty("op_name").GetString()!));
            marks.Add(last, null);
        }
        return marks;
    }

    private static long Most(IEnumerable<Change> changes)
    {
        long sum = 0, most = 0;
        foreach (Change change in changes)
            most = Math.Max(most, sum += change.Bytes);
        return most;
    }

    private static long Number(JsonElement args, string name) =>
        args.TryGetProperty(name, out JsonElement value) ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture) : 0;

    private sealed class Change(ProbedKernel? kernel, long bytes)
    {
        public ProbedKernel? Kernel { get; } = kernel;

        public long Bytes { get; } = bytes;

        public bool IsScratch { get; set; }
    }
}

/// <summary>A kernel that ran.</summary>
/// <param name="node">Its node's name.</param>
/// <param name="type">Its operator.</param>
public sealed class ProbedKernel(string node, string type)
{
    /// <summary>Its node's name.</summary>
    public string Node { get; } = node;

    /// <summary>Its operator.</summary>
    public string Operator { get; } = type;

    /// <summary>Most bytes at any one time of what it took and gave back itself.</summary>
    public long ScratchBytes { get; internal set; }
}
