using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>The host gives what this process would give, its death is one clear error for the model it died of, and it does not outlive its parent.</summary>
[TestClass]
public sealed class OptimizerHostTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    [TestMethod]
    public void The_host_gives_the_same_result_and_tells_the_same_stages()
    {
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        List<PipelineStage> stagesHere = [], stagesApart = [];
        OptimizationResult here = ModelOptimizer.Optimize(model.Request with { Progress = stagesHere.Add });
        using OptimizerHost host = new();
        FinishedModel apart = host.Optimize(model.Request with { Progress = stagesApart.Add });

        CollectionAssert.AreEqual(here.Model.ToByteArray(), apart.Write(model.Request.ModelPath, "model.onnx").Bytes);
        Assert.AreEqual(here.Peak, apart.Facts.Peak);
        Assert.AreEqual(here.Verification, apart.Facts.Verification);
        CollectionAssert.AreEqual(here.Schedule.ToArray(), apart.Facts.Schedule.ToArray());
        CollectionAssert.AreEqual(here.Profile.ToArray(), apart.Facts.Profile.ToArray());
        CollectionAssert.AreEqual(here.Tensors.Select(t => t.Name).ToArray(), apart.Facts.Tensors.Select(t => t.Name).ToArray());
        Assert.AreEqual(here.PeakStep!.Node, apart.Facts.PeakStep!.Node);
        CollectionAssert.AreEqual(here.PeakStep.Live.ToArray(), apart.Facts.PeakStep.Live.ToArray());
        CollectionAssert.AreEqual(stagesHere, stagesApart);
    }

    [TestMethod]
    public void A_model_without_a_step_is_answered_for()
    {
        // All that it does is folded away, so there is no step of the peak; that is something else than an answer that lacks it.
        ModelProto constant = ModelFile.Parse(TinyModels.Convolution(4, 8).Bytes, "constant.onnx");
        constant.Graph.Input.Clear();
        constant.Graph.Node.Clear();
        constant.Graph.Node.Add(new NodeProto { OpType = "Constant", Output = { constant.Graph.Output[0].Name } });
        constant.Graph.Node[0].Attribute.Add(new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { 2 }, FloatData = { 1, 2 } },
        });
        constant.Graph.Output[0].Type.TensorType.Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 2 } } };
        using ModelOnDisk model = new(constant.ToByteArray());
        using OptimizerHost host = new();

        Assert.IsNull(host.Optimize(model.Request).Facts.PeakStep);
    }

    [TestMethod]
    public void Another_runtime_is_used_in_a_process_of_its_own()
    {
        if (HostDiagnosis.OwnLibrary() is not { } own)
        {
            Assert.Inconclusive("There is no ONNX Runtime here.");
            return;
        }
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        // The same version from another place, where nothing of it lies beside the program.
        string library = Path.Combine(model.Folder, Path.GetFileName(own)), assembly = Path.Combine(model.Folder, "Microsoft.ML.OnnxRuntime.dll");
        File.Copy(own, library);
        File.Copy(typeof(Microsoft.ML.OnnxRuntime.OrtEnv).Assembly.Location, assembly);
        using OptimizerHost host = new();
        FinishedModel with = host.Optimize(model.Request with { Runtime = new RuntimeFiles(library, assembly) });
        Assert.AreEqual(NativeRuntime.Version, with.Facts.Verification!.RuntimeVersion);
        Assert.AreEqual("passed", with.Facts.Verification.Status);
        Assert.AreEqual(host.Optimize(model.Request).Facts.Peak, with.Facts.Peak);

        File.WriteAllText(library, "no library");
        SerenityException wrong = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request with { Runtime = new RuntimeFiles(library, null) }));
        Assert.AreEqual(SerenityCodes.RuntimeMissing, wrong.Code);
        Assert.Contains(library, wrong.Message);
    }

    [TestMethod]
    public void External_data_is_put_together_as_here()
    {
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        ModelProto source = ModelFile.Load(model.Request.ModelPath).Model;
        byte[] data = TensorData.ToRaw(source.Graph.Initializer[0]);
        File.WriteAllBytes(Path.Combine(model.Folder, "weights.bin"), [.. new byte[64], .. data]);
        TensorProto weight = source.Graph.Initializer[0];
        weight.ClearRawData();
        weight.FloatData.Clear();
        weight.DataLocation = TensorProto.Types.DataLocation.External;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        weight.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "64" });
        ModelFile.Save(source, model.Request.ModelPath);
        OptimizeRequest request = model.Request with { OutputName = "out.onnx" };

        WrittenModel here = ModelOptimizer.Finish(request).Write(request.ModelPath, "out.onnx");
        using OptimizerHost host = new();
        WrittenModel apart = host.Optimize(request).Write(request.ModelPath, "out.onnx");

        Assert.AreEqual("out.onnx.data", apart.DataFile);
        CollectionAssert.AreEqual(here.Bytes, apart.Bytes);
        CollectionAssert.AreEqual(Data(here), Data(apart));

        static byte[] Data(WrittenModel model)
        {
            using MemoryStream stream = new();
            model.WriteData(stream);
            return stream.ToArray();
        }
    }

    [TestMethod]
    public void Error_of_the_host_arrives_as_it_is()
    {
        using ModelOnDisk model = new("no model"u8.ToArray());
        using OptimizerHost host = new();
        SerenityException here = Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(model.Request));
        SerenityException apart = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));

        Assert.AreEqual(here.ToDiagnostic(), apart.ToDiagnostic());
    }

    [TestMethod]
    public void One_process_works_on_all_models_and_the_one_that_kills_it_is_the_only_one_to_fail()
    {
        using ModelOnDisk crashing = new(CrashingModel.Create().ToByteArray()), good = new(TinyModels.Convolution(4, 8).Bytes);
        int processes = 0;
        using OptimizerHost host = new((folder, token) =>
        {
            Interlocked.Increment(ref processes);
            return HostCommand.Create(folder, token);
        });
        host.Optimize(good.Request);
        host.Optimize(good.Request);
        Assert.AreEqual(1, processes);

        string?[] codes = new string?[6];
        Parallel.For(0, codes.Length, i =>
        {
            try
            {
                host.Optimize((i == 2 ? crashing : good).Request);
            }
            catch (SerenityException e)
            {
                codes[i] = e.Code;
            }
        });
        CollectionAssert.AreEqual(new[] { null, null, SerenityCodes.RuntimeCrashed, null, null, null }, codes);
        Assert.IsGreaterThan(1, processes);
    }

    [TestMethod]
    [DataRow("read line; kill -SEGV $$")]
    [DataRow("read line; kill -KILL $$")]
    [DataRow("read line; exit 134")]
    [DataRow("read line; exit 0")]
    public void Death_of_the_host_is_one_clear_error(string script)
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(Shell("echo \"$1 Ready\"; " + script));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));

        Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code);
        Assert.Contains("The process that worked on the model", e.Message);
        Assert.AreEqual(model.Request.ModelPath, e.File);
    }

    [TestMethod]
    public void A_host_that_was_killed_from_outside_speaks_of_the_machine_and_not_of_the_model()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(Shell("echo \"$1 Ready\"; read line; kill -KILL $$"));
        string message = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request)).Message;
        Assert.Contains("Something killed it", message);
        Assert.DoesNotContain("native ONNX Runtime", message);
    }

    [TestMethod]
    [DataRow(null, true, "native ONNX Runtime hang", null)]
    [DataRow(PipelineStage.Load, true, "native ONNX Runtime hang", null)]
    [DataRow(PipelineStage.Fuse, true, "native ONNX Runtime hang", null)]
    [DataRow(PipelineStage.Search, true, "own work", ModelSetting.Partition)]
    [DataRow(PipelineStage.Place, true, "own work", ModelSetting.SearchLimit)]
    [DataRow(PipelineStage.Verify, true, "too long in ONNX Runtime", ModelSetting.VerifyLimit)]
    [DataRow(PipelineStage.Search, false, "native ONNX Runtime crash", null)]
    public void Whose_fault_an_end_is_follows_from_the_stage(PipelineStage? stage, bool isLimit, string whose, ModelSetting? setting)
    {
        SerenityException e = HostEnd.Error(new OptimizeRequest { ModelPath = "m.onnx" }, new HostEnding(isLimit ? HostEndCause.Limit : HostEndCause.Died, "ended"), stage);
        Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code);
        Assert.Contains(whose, e.Message);
        Assert.AreEqual(setting is not null, e.Settings?.Any(s => s.Name == setting) == true, e.Message);
    }

    [TestMethod]
    public void The_stage_at_which_the_host_died_is_told()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(Shell("echo \"$1 Ready\"; read line; echo \"$1 Stage 1 Load\"; echo \"$1 Stage 1 Verify\"; kill -SEGV $$"));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));
        Assert.Contains("to verify the plan", e.Message);
    }

    [TestMethod]
    public void An_answer_that_is_cut_short_is_no_fault_of_the_model()
    {
        // As a full disk leaves it.
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(Shell("echo \"$1 Ready\"; read line; echo '{' > \"$0/1/answer.bin\"; echo \"$1 Done 1\"; sleep 600"));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));

        Assert.AreEqual(SerenityCodes.InputOutput, e.Code);
        Assert.Contains("temporary files", e.Message);
    }

    [TestMethod]
    public void A_host_that_cannot_be_started_is_not_the_models_fault()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        foreach (Func<string, string, ProcessStartInfo> command in new[] { Shell("exit 1"), (_, _) => new ProcessStartInfo("/no/such/program") })
        {
            using OptimizerHost host = new(command);
            host.Start();
            SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));
            Assert.Contains("cannot be started", e.Message);
            Assert.Contains("SerenityIsolate", e.Message);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void No_room_for_a_request_or_an_answer_is_no_fault_of_the_model(bool request)
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new((folder, token) =>
        {
            // The folder of the first request cannot be made.
            if (request)
                File.WriteAllText(Path.Combine(folder, "1"), "");
            return Shell("echo \"$1 Ready\"; read line; echo \"talk of a library$1 Done 1\"; sleep 600")(folder, token);
        });
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));

        Assert.AreEqual(SerenityCodes.InputOutput, e.Code);
        Assert.Contains("temporary files", e.Message);
        Assert.DoesNotContain("serenity-host-", e.Message);
    }

    [TestMethod]
    public void A_program_that_does_not_come_up_here_gives_way_to_the_next_for_good()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        // Made for a newer system, as its loader says; not to be run at all; started, and never heard of.
        foreach (Func<string, string, ProcessStartInfo> command in new[] { Shell("exit 127"), (_, _) => new ProcessStartInfo("/no/such/program"), Shell("exec sleep 600") })
        {
            int first = 0, second = 0;
            HostPrograms programs = new(
                (folder, token) =>
                {
                    first++;
                    return command(folder, token);
                },
                (folder, token) =>
                {
                    second++;
                    return HostCommand.Create(folder, token);
                })
            { ComingUp = TimeSpan.FromMilliseconds(200) };
            using OptimizerHost host = new(programs);
            Assert.IsNotNull(host.Optimize(model.Request).Facts);
            Assert.IsNotNull(host.Optimize(model.Request).Facts);
            Assert.AreEqual(1, first);
            Assert.IsLessThanOrEqualTo(2, second);
        }
    }

    [TestMethod]
    public void A_program_that_came_up_is_not_replaced_for_what_a_model_did_to_it()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(new HostPrograms(Shell("echo \"$1 Ready\"; read line; kill -SEGV $$"), (_, _) => throw new InvalidOperationException("not asked for")));
        Assert.AreEqual(SerenityCodes.RuntimeCrashed, Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request)).Code);
    }

    [TestMethod]
    public void A_host_that_hangs_is_ended()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        using OptimizerHost host = new(Shell("echo \"$1 Ready\"; exec sleep 600"), TimeSpan.FromMilliseconds(200));
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => host.Optimize(model.Request));
        Assert.AreEqual(SerenityCodes.RuntimeCrashed, e.Code);
    }

    [TestMethod]
    public void Cancelling_ends_a_host_that_does_not_listen()
    {
        using ModelOnDisk model = new(TinyModels.Diamond(4).Bytes);
        string pidFile = model.Request.ModelPath + ".pid";
        using CancellationTokenSource cancel = new();
        using OptimizerHost host = new(Shell($"echo $$ > '{pidFile}.part'; mv '{pidFile}.part' '{pidFile}'; exec sleep 600"));
        Task<FinishedModel> work = Task.Run(() => host.Optimize(model.Request, cancel.Token));
        Assert.IsTrue(SpinWait.SpinUntil(() => File.Exists(pidFile), _patience), "the host never started");
        int pid = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
        cancel.Cancel();

        Assert.ThrowsExactly<OperationCanceledException>(() => work.GetAwaiter().GetResult());
        Assert.IsTrue(SpinWait.SpinUntil(() => IsGone(pid), _patience), "the host is still there");
    }

    [TestMethod]
    [DataRow(1L << 30, 16 << 20)]
    [DataRow(8L << 30, 128 << 20)]
    [DataRow(1L << 40, 256 << 20)]
    public void The_host_collects_as_seldom_as_there_is_memory_for(long available, long bytes)
    {
        Assert.AreEqual(bytes, HostCommand.YoungBytes(available));
        string own = HostCommand.YoungBytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes).ToString("x", CultureInfo.InvariantCulture);
        Assert.AreEqual(Environment.GetEnvironmentVariable("DOTNET_GCgen0size") ?? own, HostCommand.Create("folder", "token").Environment["DOTNET_GCgen0size"]);
    }

    [TestMethod]
    public void The_host_ends_with_its_standard_input_and_removes_its_folder()
    {
        string folder = Directory.CreateTempSubdirectory("serenity-test-").FullName;
        ProcessStartInfo start = HostCommand.Create(folder, "token");
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        while (HostMessages.ReadAnswer("token", process.StandardOutput.ReadLine()!) is not { Word: HostWord.Ready })
        {
        }
        process.StandardInput.Close();
        Assert.IsTrue(process.WaitForExit(_patience), "it lives on");
        Assert.IsFalse(Directory.Exists(folder));
    }

    [TestMethod]
    public void Nothing_is_left_when_it_is_disposed_of_and_what_a_dead_parent_left_goes_with_the_next()
    {
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        string? ours = null;
        string abandoned = Directory.CreateTempSubdirectory("serenity-host-").FullName;
        File.WriteAllText(Path.Combine(abandoned, "parent.lock"), "");
        string halfRemoved = Directory.CreateTempSubdirectory("serenity-host-").FullName;
        using (OptimizerHost host = new((folder, token) =>
        {
            ours = folder;
            return HostCommand.Create(folder, token);
        }))
        {
            host.Optimize(model.Request);
            Assert.IsTrue(Directory.Exists(ours));
            Assert.IsTrue(SpinWait.SpinUntil(() => !Directory.Exists(abandoned) && !Directory.Exists(halfRemoved), _patience), "it is still there");
        }
        Assert.IsFalse(Directory.Exists(ours));
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

    private static Func<string, string, ProcessStartInfo> Shell(string script)
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("The stand-ins for a dying host are shell scripts.");
        return (folder, token) => new ProcessStartInfo("/bin/sh", ["-c", script, folder, token]);
    }
}
