using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Tasks;
using Serenity.Fuzzing.Inputs;

namespace Serenity.Fuzzing.Checks;

/// <summary>How one build of a project ended.</summary>
/// <param name="Passed">True if every task said so.</param>
/// <param name="Engine">What the user was told.</param>
/// <param name="Outputs">The files that would go into the output folder; empty if it was not come to that.</param>
/// <param name="Stale">How many models had to be optimized.</param>
/// <param name="Optimized">True unless preparing or optimizing failed; then outputs are there, whatever the checks after that say.</param>
internal sealed record BuildOutcome(bool Passed, RecordingEngine Engine, ITaskItem[] Outputs, int Stale, bool Optimized);

/// <summary>
/// A folder with an input in it as a project, beside things that are not the build's: a secret file above, another project's folder, a place for temporary
/// files. The real tasks are run on it as the targets do.
/// </summary>
internal sealed class FuzzProject
{
    private readonly FuzzInput _input;
    private readonly bool _isolate;

    /// <summary>Sets the project up, in place of an earlier one.</summary>
    /// <param name="root">Absolute path of a folder that holds all of it.</param>
    /// <param name="input">The input.</param>
    /// <param name="isolate">Have models worked on in a child process.</param>
    public FuzzProject(string root, FuzzInput input, bool isolate)
    {
        (Root, _input, _isolate) = (root, input, isolate);
        Clear(Folder);
        Directory.CreateDirectory(TemporaryFolder);
        Directory.CreateDirectory(Path.Combine(Folder, "models"));
        File.WriteAllText(Path.Combine(root, "secret.bin"), "secret");
        File.WriteAllText(Path.Combine(Folder, "secret.bin"), "secret");
        if (input.Model is not null)
            File.WriteAllBytes(ModelPath, input.Model);
        File.WriteAllBytes(Path.Combine(Folder, "models", FuzzInput.DataFile), new byte[4096]);
        foreach ((string path, byte[] bytes) in input.Files)
        {
            string file = Path.Combine(Folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
        if (!OperatingSystem.IsWindows())
            File.CreateSymbolicLink(Path.Combine(Folder, "models", "link.data"), Path.Combine(root, "secret.bin"));
    }

    /// <summary>All that the input may see.</summary>
    public string Root { get; }

    /// <summary>The project's folder.</summary>
    public string Folder => Path.Combine(Root, "project");

    /// <summary>Where outputs are staged.</summary>
    public string Staging => Path.Combine(Folder, "obj", "serenity");

    /// <summary>Everything that the build may write to.</summary>
    public string Intermediate => Path.Combine(Folder, "obj");

    /// <summary>Plans of earlier builds.</summary>
    public string Cache => Path.Combine(Intermediate, "serenity-cache");

    /// <summary>For temporary files; the process has to be told by TMPDIR.</summary>
    public string TemporaryFolder => TemporaryFolderOf(Root);

    /// <summary>The source model.</summary>
    public string ModelPath => Path.Combine(Folder, "models", _input.FileName);

    /// <summary>Where temporary files go below a root.</summary>
    public static string TemporaryFolderOf(string root) => Path.Combine(root, "tmp");

    /// <summary>Builds once, as the targets do: what the first steps find wrong is told by the check.</summary>
    public BuildOutcome Build()
    {
        RecordingEngine engine = new();
        try
        {
            return Build(engine);
        }
        finally
        {
            engine.EndBuild();
        }
    }

    private BuildOutcome Build(RecordingEngine engine)
    {
        ITaskItem[] models = [Item()];
        SerenityPrepare prepare = With(new SerenityPrepare { Models = models }, engine);
        if (!prepare.Execute())
            return new BuildOutcome(false, engine, [], 0, false);
        List<ITaskItem> problems = [.. prepare.Problems];
        if (prepare.StaleModels.Length > 0)
        {
            SerenityOptimize optimize = With(new SerenityOptimize { Models = prepare.StaleModels, CacheFolder = "obj/serenity-cache", Isolate = _isolate }, engine);
            if (!optimize.Execute())
                return new BuildOutcome(false, engine, [], prepare.StaleModels.Length, false);
            problems.AddRange(optimize.Problems);
        }
        string Property(string name) => _input.Properties.GetValueOrDefault(name, "");
        TaskItem device = new("own");
        device.SetMetadata("MemoryBudget", _input.Properties.GetValueOrDefault("DeviceMemory", "1GiB"));
        SerenityCheck check = With(
            new SerenityCheck { Models = prepare.TakenModels, Problems = [.. problems], Devices = [device], MemoryBudget = Property("MemoryBudget"), WeightBudget = Property("WeightBudget"), Device = Property("Device") }, engine);
        bool passed = check.Execute();
        if (passed)
            passed = With(new SerenityGenerateCode { Models = models, CodeFile = "obj/SerenityModels.g.cs", Namespace = Property("Namespace"), ReferencesOnnxRuntime = true }, engine).Execute();
        return new BuildOutcome(passed, engine, check.OutputFiles, prepare.StaleModels.Length, problems.Count == 0);
    }

    /// <summary>Removes what builds left.</summary>
    public void RemoveIntermediate() => Clear(Intermediate);

    /// <summary>Removes what builds wrote, so that the next takes it from the cache.</summary>
    public void RemoveOutputs() => Clear(Staging);

    private TaskItem Item()
    {
        TaskItem item = new("models/" + Escaped(_input.FileName));
        foreach ((string name, string value) in _input.Metadata)
            item.SetMetadata(name, Escaped(value));
        return item;
    }

    /// <summary>As a project file would have to write it, for MSBuild to read the text itself.</summary>
    private static string Escaped(string text) => text.Replace("%", "%25", StringComparison.Ordinal);

    private T With<T>(T task, RecordingEngine engine)
        where T : SerenityTask
    {
        task.BuildEngine = engine;
        task.ProjectFolder = Folder;
        task.StagingFolder = "obj/serenity";
        return task;
    }

    private static void Clear(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
