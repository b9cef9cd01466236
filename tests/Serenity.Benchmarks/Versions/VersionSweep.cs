using System.Globalization;
using Google.Protobuf;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Testing;
using Serenity.Testing.Device;

namespace Serenity.Benchmarks.Versions;

/// <summary>
/// <c>versions [--write] VERSION=LIBRARY… [MODEL…]</c>: plans the models of the test data, or those given, with the ONNX Runtime that is built with, runs each plan in every given native library with
/// <c>tests/native/probe.c</c>, and tells which need more there than was planned; <c>--write</c> puts that into the package's table, which is of all models.
/// </summary>
internal static class VersionSweep
{
    /// <summary>What a run with other values or in branches takes is not what was planned for one; or it runs only where it was exported.</summary>
    private static readonly string[] _notComparable = ["own_loop_if_script", "tv_densenet_bc_bn.ort_all"];

    public static int Run(string[] args)
    {
        (string Version, string Library)[] libraries = [.. args.Where(a => a.Contains('=', StringComparison.Ordinal)).Select(a => a.Split('=', 2)).Select(p => (p[0], p[1]))];
        string[] paths = [.. args.Where(a => a.EndsWith(".onnx", StringComparison.Ordinal) && !a.Contains('=', StringComparison.Ordinal))];
        bool writes = args.Contains("--write");
        if (libraries.Length == 0 || libraries.Length + paths.Length + (writes ? 1 : 0) != args.Length || (writes && paths.Length > 0))
            throw new ArgumentException("usage: versions [--write] VERSION=LIBRARY…, or versions VERSION=LIBRARY… MODEL…");
        if (NativeProbe.TryFind(DeviceProcessor.Host, out string why) is not { } probe)
            throw new ArgumentException(why);
        string folder = Directory.CreateTempSubdirectory("serenity-versions-").FullName;
        try
        {
            List<PlannedModel> models = [.. (paths.Length > 0 ? paths : SharedData.Files("models", "*.onnx")).Select(path => TryPlan(path, folder)).OfType<PlannedModel>()];
            List<VersionRow> rows = [.. libraries.Select(library => Measure(library.Version, library.Library, models, probe))];
            if (writes)
                VersionTable.Write(rows);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{models.Count} models planned"));
            foreach (VersionRow row in rows)
                Console.WriteLine(row.Text());
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>False for a model that is there to be refused, or of which no run is like another.</summary>
    public static bool IsComparable(string path) =>
        !_notComparable.Contains(Path.GetFileNameWithoutExtension(path)) && Path.GetFileName(Path.GetDirectoryName(path)) is not ("bad" or "awkward" or "extdata");

    /// <summary>Plans a model and writes it; null for one that is refused, or of which no run is like another.</summary>
    private static PlannedModel? TryPlan(string path, string folder)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        if (!IsComparable(path))
            return null;
        try
        {
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = SuppliedModel.Load(path).FreeDimensions });
            if (result.Peak.AtMost)
                return null;
            string file = Path.Combine(folder, name + ".onnx");
            File.WriteAllBytes(file, result.Model.ToByteArray());
            return new PlannedModel(name, file, checked(result.Peak.Bytes + (result.Peak.WorkspaceBytes ?? 0)), result.Peak.SumsInPlace);
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    private static VersionRow Measure(string version, string library, IReadOnlyList<PlannedModel> models, NativeProbe probe)
    {
        VersionRow row = new(version, 0, 0, 0, 0, 0, 0);
        foreach (PlannedModel model in models)
        {
            ProbeResult result;
            try
            {
                result = probe.Run([model.Path], new ProbeOptions { Library = library, Configuration = [("mlas.disable_kleidiai", "1")] })[0];
            }
            catch (InvalidOperationException e)
            {
                Console.WriteLine($"{version}\t{model.Name}\t{e.Message.Split(':')[^1].Trim()}");
                continue;
            }
            if (result.Error is { } error)
            {
                Console.WriteLine($"{version}\t{model.Name}\tdoes not run: {error}");
                continue;
            }
            row = row.With(model, result.FirstRunBytes);
            if (result.FirstRunBytes != model.RequiredBytes)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{version}\t{model.Name}\t{model.RequiredBytes}\t{result.FirstRunBytes}\t{(model.SumsInPlace ? "sums" : "")}"));
        }
        return row;
    }
}
