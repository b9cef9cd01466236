using System.Diagnostics;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Tests.Runtime;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>A child process gives what this process would give, and its death is one clear error.</summary>
[TestClass]
public sealed class IsolatedOptimizerTests
{
    [TestMethod]
    public void Child_gives_the_same_result()
    {
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        OptimizationResult here = ModelOptimizer.Optimize(model.Request);
        OptimizationResult apart = new IsolatedOptimizer().Optimize(model.Request);

        Assert.AreEqual(here.Model.ToByteString(), apart.Model.ToByteString());
        Assert.AreEqual(here.Peak, apart.Peak);
        Assert.AreEqual(here.Verification, apart.Verification);
        CollectionAssert.AreEqual(here.Schedule.ToArray(), apart.Schedule.ToArray());
        CollectionAssert.AreEqual(here.Profile.ToArray(), apart.Profile.ToArray());
        CollectionAssert.AreEqual(here.Tensors.Select(t => t.Name).ToArray(), apart.Tensors.Select(t => t.Name).ToArray());
        Assert.AreEqual(here.PeakStep!.Node, apart.PeakStep!.Node);
        CollectionAssert.AreEqual(here.PeakStep.Live.ToArray(), apart.PeakStep.Live.ToArray());
    }

    [TestMethod]
    public void Error_of_the_child_arrives_as_it_is()
    {
        using ModelOnDisk model = new("no model"u8.ToArray());
        SerenityException here = Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(model.Request));
        SerenityException apart = Assert.ThrowsExactly<SerenityException>(() => new IsolatedOptimizer().Optimize(model.Request));

        Assert.AreEqual(here.ToDiagnostic(), apart.ToDiagnostic());
    }

    [TestMethod]
    [DataRow("kill -SEGV $$")]
    [DataRow("kill -KILL $$")]
    [DataRow("exit 134")]
    [DataRow("exit 0")]
    [DataRow("echo '{' > \"$0/result.json\"")]
    public void Death_of_the_child_is_one_clear_error(string script)
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => new IsolatedOptimizer(Shell(script)).Optimize(model.Request));

        Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code);
        Assert.AreEqual(model.Request.ModelPath, e.File);
    }

    [TestMethod]
    public void Child_that_hangs_is_ended()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        IsolatedOptimizer optimizer = new(Shell("sleep 600"), TimeSpan.FromMilliseconds(200));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => optimizer.Optimize(model.Request));
        Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code);
    }

    [TestMethod]
    public void Cancelling_ends_the_child()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        string pidFile = model.Request.ModelPath + ".pid";
        using CancellationTokenSource cancel = new();
        Task<OptimizationResult> work = Task.Run(
            () => new IsolatedOptimizer(Shell($"echo $$ > '{pidFile}.part'; mv '{pidFile}.part' '{pidFile}'; exec sleep 600")).Optimize(model.Request, cancel.Token));
        Assert.IsTrue(SpinWait.SpinUntil(() => File.Exists(pidFile), TimeSpan.FromSeconds(60)), "the child never started");
        int pid = int.Parse(File.ReadAllText(pidFile), System.Globalization.CultureInfo.InvariantCulture);
        cancel.Cancel();

        Assert.ThrowsExactly<OperationCanceledException>(() => work.GetAwaiter().GetResult());
        Assert.IsTrue(SpinWait.SpinUntil(() => IsGone(pid), TimeSpan.FromSeconds(60)), "the child is still there");
    }

    private static bool IsGone(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static Func<string, ProcessStartInfo> Shell(string script)
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("The stand-ins for a dying child are shell scripts.");
        return folder => new ProcessStartInfo("/bin/sh", ["-c", script, folder]);
    }

    /// <summary>A model file in a folder of its own.</summary>
    private sealed class ModelOnDisk : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("serenity-test-");

        public ModelOnDisk(byte[] bytes)
        {
            Request = new OptimizeRequest { ModelPath = Path.Combine(_folder.FullName, "model.onnx") };
            File.WriteAllBytes(Request.ModelPath, bytes);
        }

        public OptimizeRequest Request { get; }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
