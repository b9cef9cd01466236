using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Build.Tasks;
using Serenity.Fuzzing.Checks;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests.Tasks;

/// <summary>A project's folder with models in it, and the tasks run on it as the targets do, with an optimizer of the test's own.</summary>
internal sealed class TestProject : IDisposable
{
    private int _engineCalls;

    public TestProject()
    {
        Folder = Directory.CreateTempSubdirectory("serenity-test-").FullName;
        Directory.CreateDirectory(Path.Combine(Folder, "models"));
        Optimizer = (request, _) => Result(request);
    }

    public string Folder { get; }

    public RecordingEngine Engine { get; private set; } = new();

    /// <summary>Takes the optimizer's place.</summary>
    public OptimizerEngine Optimizer { get; set; }

    /// <summary>How many models were optimized, cache hits left out.</summary>
    public int EngineCalls => _engineCalls;

    public string CacheFolder { get; set; } = "cache";

    public List<ITaskItem> Devices { get; } = [];

    public List<ITaskItem> Memories { get; } = [];

    public string MemoryBudget { get; set; } = "";

    public string Device { get; set; } = "";

    public string AssemblyName { get; set; } = "";

    /// <summary>Absolute path of the project's file, where what it says matters.</summary>
    public string ProjectFile { get; private set; } = "";

    /// <summary>What the targets found the MSBuild to know.</summary>
    public bool CopiesIfDifferent { get; set; }

    public bool PublishesIfDifferent { get; set; }

    public bool ReferencesSerenityRuntime { get; set; }

    public ITaskItem[] Stale { get; private set; } = [];

    public ITaskItem[] OutputFiles { get; private set; } = [];

    public string Summary { get; private set; } = "";

    public string Staged(string path) => Path.Combine(Folder, "obj", path);

    public MemoryManifest Manifest(string path) => ManifestJson.Read(File.ReadAllBytes(Staged(path)), path);

    public string[] Codes => [.. Engine.Errors.Select(e => e.Code)];

    /// <summary>Writes a small model and returns an item for it.</summary>
    public TaskItem Model(string name, ulong seed = 1, params (string Name, string Value)[] metadata)
    {
        string path = "models/" + name;
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, seed: seed, channels: 2, size: 4), Path.Combine(Folder, path));
        TaskItem item = new(path);
        item.SetMetadata("TargetPath", path);
        foreach ((string key, string value) in metadata)
            item.SetMetadata(key, value);
        return item;
    }

    /// <summary>Gives the project a file.</summary>
    /// <param name="content">What is in it, a line each.</param>
    public void Write(params string[] content) => File.WriteAllLines(ProjectFile = Path.Combine(Folder, "app.csproj"), content);

    /// <summary>Prepare, optimize what is stale, check: as a build does. What the first two find wrong with a model is told by the last.</summary>
    public bool Build(params ITaskItem[] models)
    {
        Engine = new RecordingEngine();
        SerenityPrepare prepare = With(new SerenityPrepare
        {
            Models = models,
            Sources = ProjectFile.Length == 0 ? [] : [.. models.Select(model => new TaskItem(model))],
            ProjectFile = ProjectFile,
            Devices = [.. Devices],
            Memories = [.. Memories],
            MemoryBudget = MemoryBudget,
            Device = Device,
            OutputFolders = ["bin"],
            IntermediateFolder = "obj",
            AssemblyName = AssemblyName,
        });
        bool ok = prepare.Execute();
        Stale = prepare.StaleModels;
        if (!ok)
            return false;
        List<ITaskItem> problems = [.. prepare.Problems];
        if (Stale.Length > 0)
        {
            SerenityOptimize optimize = Optimize(Stale);
            if (!optimize.Execute())
                return false;
            problems.AddRange(optimize.Problems);
        }
        SerenityCheck check = With(new SerenityCheck
        {
            Models = prepare.TakenModels,
            Problems = [.. problems],
            ProjectFile = ProjectFile,
            Devices = [.. Devices],
            Memories = [.. Memories],
            MemoryBudget = MemoryBudget,
            Device = Device,
            CopiesIfDifferent = CopiesIfDifferent,
            PublishesIfDifferent = PublishesIfDifferent,
            ReferencesSerenityRuntime = ReferencesSerenityRuntime,
        });
        ok = check.Execute();
        OutputFiles = check.OutputFiles;
        Summary = check.Summary;
        return ok;
    }

    public SerenityOptimize Optimize(ITaskItem[] models) => With(new SerenityOptimize
    {
        Models = models,
        CacheFolder = CacheFolder,
        Engine = (request, cancellation) =>
        {
            Interlocked.Increment(ref _engineCalls);
            return Optimizer(request, cancellation);
        },
    });

    public T With<T>(T task)
        where T : SerenityTask
    {
        task.BuildEngine = Engine;
        task.ProjectFolder = Folder;
        task.StagingFolder = "obj";
        return task;
    }

    /// <summary>A result that leaves the model as it is and says it costs 3000 bytes.</summary>
    public static OptimizationResult Result(OptimizeRequest request, IReadOnlyList<SerenityDiagnostic>? warnings = null)
    {
        MemoryManifest figures = TestManifest.Create();
        return new OptimizationResult
        {
            Model = ModelFile.Load(request.ModelPath).Model,
            Peak = figures.Peak,
            Plans = figures.Plans,
            WeightBytes = figures.Weights.Bytes,
            Rewrites = figures.Rewrites,
            Work = new WorkFacts(request.WorkLimit, 1, false),
            Program = figures.Program,
            Profile = figures.Profile,
            OriginalProfile = figures.OriginalProfile,
            PeakStep = figures.PeakStep,
            Verification = figures.Verification,
            Warnings = warnings ?? [],
        };
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
