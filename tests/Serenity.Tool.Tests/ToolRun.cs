using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Build.Tests.Report;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Tests;

/// <summary>A folder of its own with a model and manifests in it, and command lines run there as in a pipe.</summary>
internal sealed class ToolRun : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("serenity-tool-");

    /// <summary>The optimizer that runs; by default one that gives <see cref="Result"/>.</summary>
    public OptimizerEngine Engine { get; set; }

    /// <summary>Requests that reached the optimizer.</summary>
    public List<OptimizeRequest> Requests { get; } = [];

    /// <summary>Standard output of the last run.</summary>
    public string Output { get; private set; } = "";

    /// <summary>Standard error of the last run.</summary>
    public string Error { get; private set; } = "";

    public ToolRun()
    {
        Engine = (request, cancellation) =>
        {
            cancellation.ThrowIfCancellationRequested();
            lock (Requests)
                Requests.Add(request);
            return Result(request);
        };
        File.WriteAllBytes(PathOf("net.onnx"), Google.Protobuf.MessageExtensions.ToByteArray(Model()));
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Absolute path of a file in the folder.</summary>
    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Writes a manifest of a made-up network.</summary>
    public MemoryManifest WriteManifest(string name, int operators = 30, long? budget = null)
    {
        MemoryManifest manifest = SyntheticManifest.Create(operators, Executor.OnnxRuntime, budget);
        File.WriteAllBytes(PathOf(name), ManifestJson.Write(manifest));
        return manifest;
    }

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(params string[] arguments) => await RunAsync(CancellationToken.None, arguments);

    /// <summary>Runs a command line that may be cancelled.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = await new SerenityCommandLine(new OptimizerEngines(Engine, Engine), new ToolConsole(output, error, richOutput: false, richError: false), Folder, PathOf("step.md"))
            .RunAsync(arguments, cancellation);
        Output = output.ToString();
        Error = error.ToString();
        return code;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A small valid model.</summary>
    public static ModelProto Model()
    {
        GraphProto graph = new() { Name = "net" };
        NodeProto relu = new() { OpType = "Relu", Name = "relu" };
        relu.Input.Add("x");
        relu.Output.Add("y");
        graph.Node.Add(relu);
        graph.Input.Add(Value("x"));
        graph.Output.Add(Value("y"));
        ModelProto model = new() { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    /// <summary>What the made-up optimizer finds out.</summary>
    public static OptimizationResult Result(OptimizeRequest request)
    {
        MemoryManifest manifest = SyntheticManifest.Create(12, request.Executor);
        return new OptimizationResult
        {
            Model = Model(),
            Plans = [new PlanFacts(PlanLayout.Portable, null, 1, null, null, MemoryAccount.OfPeak(manifest.Peak.Bytes, manifest.Peak.WorkspaceBytes))],
            Peak = manifest.Peak,
            WeightBytes = manifest.Weights.Bytes,
            Rewrites = manifest.Rewrites,
            Work = new WorkFacts(request.WorkLimit, 1, false),
            Program = manifest.Program,
            Profile = manifest.Profile,
            OriginalProfile = manifest.OriginalProfile,
            PeakStep = manifest.PeakStep,
            Warnings = [new SerenityDiagnostic(SerenityCodes.NotVerified, DiagnosticSeverity.Warning, null, "Verification was left out by the test.")],
        };
    }

    private static ValueInfoProto Value(string name)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = 1, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 4 });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
