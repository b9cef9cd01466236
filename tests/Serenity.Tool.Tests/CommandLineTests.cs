using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Testing.Models;

namespace Serenity.Tool.Tests;

/// <summary>The commands that read, and how all of them fail.</summary>
[TestClass]
public sealed class CommandLineTests
{
    [TestMethod]
    public async Task Inspect_lists_what_is_live_at_the_peak()
    {
        using ToolRun run = new();
        MemoryManifest manifest = run.WriteManifest("a.memory.json");
        Assert.AreEqual(0, await run.RunAsync("inspect", "a.memory.json"), run.Error);
        StringAssert.Contains(run.Output, $"Live at the peak, step {manifest.PeakStep!.Index + 1} of 30");
        long sum = 0;
        foreach (LiveTensor live in manifest.PeakStep.Live)
        {
            string line = run.Output.Split('\n').First(l => l.StartsWith(live.Tensor + " ", StringComparison.Ordinal));
            StringAssert.Contains(line, live.Bytes.ToString(CultureInfo.InvariantCulture));
            sum += live.Bytes;
        }
        Assert.AreEqual(manifest.Peak.LiveBytes, sum, "The rows add up to the peak.");
        Assert.IsFalse(run.Output.Contains('\u001b', StringComparison.Ordinal), "No terminal codes in a pipe.");
        Assert.IsFalse(run.Output.Contains('│', StringComparison.Ordinal), "No lines of a table in a pipe.");
    }

    [TestMethod]
    [DataRow("chekc net.onnx", "There is no command 'chekc'. Did you mean check?")]
    [DataRow("check net.onnx --buget 1KiB", "There is no option '--buget'. Did you mean --budget?")]
    [DataRow("check net.onnx --device nrf52480", "--device=\"nrf52480\" is not known. Did you mean nrf52840?")]
    [DataRow("quantize net.onnx", "There is no command 'quantize'.\n")]
    public async Task What_was_nearly_right_is_told(string arguments, string expected)
    {
        using ToolRun run = new();
        Assert.AreEqual(2, await run.RunAsync(arguments.Split(' ')));
        StringAssert.Contains(run.Error, expected);
    }

    [TestMethod]
    [DataRow("check net.onnx --budget lots --weight-budget 1KX --device nrf52480 --executor Static --warn-at 2 --format sarf", 6)]
    [DataRow("inspect net.onnx --step x --top 0 --budget lots --threads none", 4)]
    [DataRow("optimize net.onnx --budget lots --alignment 3", 2)]
    [DataRow("report net.onnx --budget lots --format sarf --alignment 3", 3)]
    [DataRow("compare net.onnx net.onnx --format sarf --alignment 3", 2)]
    [DataRow("check net.onnx --update-baseline --tolerance lots", 2)]
    public async Task All_that_is_wrong_with_a_command_line_is_told_at_once(string arguments, int faults)
    {
        using ToolRun run = new();
        Assert.AreEqual(2, await run.RunAsync([.. arguments.Split(' '), "--json"]));
        Assert.HasCount(faults, run.Error.Split('\n').Where(line => line.Contains(" : error SER", StringComparison.Ordinal)), run.Error);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.AreEqual(faults, json.RootElement.GetProperty("errors").GetArrayLength());
        Assert.IsEmpty(run.Requests);
    }

    [TestMethod]
    public async Task Help_is_worded_for_the_command_line()
    {
        using ToolRun run = new();
        foreach (string command in (string[])["check", "optimize", "inspect", "compare", "report", "extract"])
        {
            Assert.AreEqual(0, await run.RunAsync(command, "--help"));
            foreach (string word in (string[])["SerenityDevice", "SerenityModel", "FreeDimensions", "Do not: ", "the build warns", "the project references"])
                Assert.DoesNotContain(word, run.Output, command);
        }
    }

    [TestMethod]
    public async Task Inspect_shows_any_step_and_says_when_there_is_none()
    {
        using ToolRun run = new();
        MemoryManifest manifest = run.WriteManifest("a.memory.json");
        int step = manifest.PeakStep!.Index + 2;
        Assert.AreEqual(0, await run.RunAsync("inspect", "a.memory.json", "--step", $"{step + 1}"), run.Error);
        StringAssert.Contains(run.Output, $"Live at step {step + 1} of 30");
        StringAssert.Contains(run.Output, $"{manifest.Profile[step]} bytes");
        Assert.DoesNotContain("scratch and rounding", run.Output, "The tensors alone add up to the profile of this manifest.");
        Assert.AreEqual(2, await run.RunAsync("inspect", "a.memory.json", "--step", "31"));
        StringAssert.Contains(run.Error, "steps 1 to 30");
        Assert.AreEqual("", run.Output, "It is known before anything is printed.");
    }

    [TestMethod]
    public async Task Inspect_as_json_is_the_manifest()
    {
        using ToolRun run = new();
        MemoryManifest manifest = run.WriteManifest("a.memory.json", budget: 1 << 20);
        Assert.AreEqual(0, await run.RunAsync("inspect", "a.memory.json", "--json"), run.Error);
        Assert.AreEqual(File.ReadAllText(run.PathOf("a.memory.json")), run.Output);
        Assert.IsNotNull(manifest.Budget.MemoryBytes);
    }

    [TestMethod]
    public async Task Inspect_takes_a_model_and_writes_nothing()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("inspect", "net.onnx"), run.Error);
        StringAssert.Contains(run.Output, "Live at the peak");
        Assert.HasCount(1, Directory.GetFiles(run.Folder));
    }

    [TestMethod]
    public async Task Names_from_a_model_cannot_drive_the_terminal()
    {
        using ToolRun run = new();
        MemoryManifest manifest = Build.Tests.Report.SyntheticManifest.Create(6, Executor.OnnxRuntime, nodeName: step => $"n{step}\u001b[31m[red]x[/]\n\u202e");
        File.WriteAllBytes(run.PathOf("a.memory.json"), ManifestJson.Write(manifest));
        Assert.AreEqual(0, await run.RunAsync("inspect", "a.memory.json"), run.Error);
        StringAssert.Contains(run.Output, "\\u001b[31m[red]x[/]\\u000a\\u202e");
        Assert.IsFalse(run.Output.Contains('\u001b', StringComparison.Ordinal));
    }

    [TestMethod]
    public async Task Check_takes_memories_as_a_budget()
    {
        using ToolRun run = new() { Engine = ModelOptimizer.Finish };
        File.WriteAllBytes(run.PathOf("net.onnx"), IrregularModels.WattsStrogatz().ToByteArray());
        string[] arena = ["net.onnx", "--executor", "StaticArena", "--memories"];
        Assert.AreEqual(0, await run.RunAsync(["check", .. arena, "FAST=1KiB@1;SLOW=1MiB@4"]), run.Error);
        Assert.AreEqual(1, await run.RunAsync(["check", .. arena, "FAST=64@1;SLOW=64@4"]), run.Error);
        Assert.AreEqual(2, await run.RunAsync("check", "net.onnx", "--memories", "FAST=1KiB@1;SLOW=1MiB@4"));
        StringAssert.Contains(run.Error, "--memories needs the executor StaticArena");
        // A plan is held against other sizes of its memories.
        Assert.AreEqual(0, await run.RunAsync(["optimize", .. arena, "FAST=1KiB@1;SLOW=1MiB@4", "--output", "placed.onnx"]), run.Error);
        Assert.AreEqual(0, await run.RunAsync("check", "placed.memory.json", "--memories", "FAST=1KiB@1;SLOW=512KiB@4"), run.Error);
        Assert.AreEqual(1, await run.RunAsync("check", "placed.memory.json", "--memories", "FAST=64@1;SLOW=64@4"));
        StringAssert.Contains(run.Output + run.Error, "would have to hold");
        Assert.AreEqual(2, await run.RunAsync("check", "placed.memory.json", "--memories", "OTHER=4KiB@1"));
        StringAssert.Contains(run.Error, "not among those given");
        Assert.AreEqual(2, await run.RunAsync("check", "placed.memory.json", "--device", "stm32h743i-eval"), "The plan was made for other memories.");
    }

    [TestMethod]
    public async Task Check_answers_with_its_exit_code()
    {
        using ToolRun run = new();
        MemoryManifest manifest = run.WriteManifest("a.memory.json");
        string exact = manifest.Peak.Bytes.ToString(CultureInfo.InvariantCulture), less = (manifest.Peak.Bytes - 1).ToString(CultureInfo.InvariantCulture);
        Assert.AreEqual(0, await run.RunAsync("check", "a.memory.json", "--budget", exact), run.Error);
        StringAssert.Contains(run.Output, "fits");
        Assert.AreEqual(1, await run.RunAsync("check", "a.memory.json", "--budget", less));
        StringAssert.Contains(run.Error, "a.memory.json : error SER1001");
        Assert.AreEqual(1, await run.RunAsync("check", "net.onnx", "--budget", "1KiB"));
        Assert.AreEqual(0, await run.RunAsync("check", "net.onnx", "--device", "raspberry-pi-zero-2-w"), run.Error);
    }

    [TestMethod]
    public async Task Check_takes_the_budget_of_the_manifest_and_asks_for_one_where_there_is_none()
    {
        using ToolRun run = new();
        run.WriteManifest("with.memory.json", budget: 1024);
        run.WriteManifest("without.memory.json");
        Assert.AreEqual(1, await run.RunAsync("check", "with.memory.json", "--json"));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.AreEqual(1024, json.RootElement.GetProperty("budget").GetProperty("memoryBytes").GetInt64());
        Assert.AreEqual(2, await run.RunAsync("check", "without.memory.json"));
        StringAssert.Contains(run.Error, "--budget");
        Assert.AreEqual(2, await run.RunAsync("check", "net.onnx"));
        Assert.IsEmpty(run.Requests, "No work is done for a question without a budget.");
    }

    [TestMethod]
    public async Task Compare_shows_differences_and_can_fail_on_growth()
    {
        using ToolRun run = new();
        MemoryManifest small = run.WriteManifest("small.memory.json", 10);
        MemoryManifest large = run.WriteManifest("large.memory.json", 60);
        Assert.IsGreaterThan(small.Peak.Bytes, large.Peak.Bytes);
        Assert.AreEqual(0, await run.RunAsync("compare", "small.memory.json", "large.memory.json"), run.Error);
        StringAssert.Contains(run.Output, "+" + (large.Peak.Bytes - small.Peak.Bytes).ToString(CultureInfo.InvariantCulture));
        Assert.AreEqual("", run.Error);
        Assert.AreEqual(1, await run.RunAsync("compare", "small.memory.json", "large.memory.json", "--fail-if-larger"));
        StringAssert.Contains(run.Error, $"large.memory.json needs {Build.Text.ByteSize.Format(large.Peak.Bytes - small.Peak.Bytes)} more than small.memory.json");
        Assert.AreEqual(1, await run.RunAsync("compare", "small.memory.json", "large.memory.json", "--fail-if-larger", "--json"));
        using (JsonDocument json = JsonDocument.Parse(run.Output))
        {
            Assert.AreEqual("fail", json.RootElement.GetProperty("verdict").GetString());
            Assert.AreEqual(large.Peak.Bytes - small.Peak.Bytes, json.RootElement.GetProperty("differenceBytes").GetInt64());
        }
        Assert.AreEqual(0, await run.RunAsync("compare", "large.memory.json", "small.memory.json"));
        Assert.IsFalse(run.Output.Contains('\u2212', StringComparison.Ordinal), "One kind of minus sign.");
        StringAssert.Contains(run.Output, "-");
        Assert.AreEqual(0, await run.RunAsync("compare", "large.memory.json", "small.memory.json", "--fail-if-larger"));
        Assert.AreEqual(0, await run.RunAsync("compare", "small.memory.json", "small.memory.json", "--fail-if-larger"));
        StringAssert.Contains(run.Output, "The same tensors are live at the peak.");
    }

    [TestMethod]
    public async Task Report_is_written_beside_the_manifest()
    {
        using ToolRun run = new();
        run.WriteManifest("a.memory.json");
        Assert.AreEqual(0, await run.RunAsync("report", "a.memory.json"), run.Error);
        StringAssert.StartsWith(File.ReadAllText(run.PathOf("a.memory.html")), "<!doctype html>");
        Assert.AreEqual(0, await run.RunAsync("report", "net.onnx", "-o", "pages/net.html", "--budget", "1KiB"), run.Error);
        StringAssert.Contains(File.ReadAllText(run.PathOf("pages/net.html")), "over budget");
    }

    [TestMethod]
    [DataRow("inspect missing.onnx", "SER1201")]
    [DataRow("check missing.memory.json --budget 1KiB", "SER1601")]
    [DataRow("inspect damaged.memory.json", "SER1602")]
    [DataRow("report good.memory.json --rewrite None", "SER1101")]
    [DataRow("report good.memory.json -o damaged.memory.json/x.html", "SER1601")]
    [DataRow("inspect good.memory.json --top 0", "SER1101")]
    [DataRow("explain SER9999", "SER1101")]
    [DataRow("inspect", "SER1101")]
    [DataRow("polish net.onnx", "SER1101")]
    public async Task What_is_wrong_is_one_clear_error(string line, string code)
    {
        using ToolRun run = new();
        run.WriteManifest("good.memory.json");
        File.WriteAllText(run.PathOf("damaged.memory.json"), "{ \"version\": 1");
        Assert.AreEqual(2, await run.RunAsync(line.Split(' ')));
        StringAssert.Contains(run.Error, $": error {code}: ");
        Assert.DoesNotContain("   at ", run.Error, "No stack trace.");
        Assert.AreEqual("", run.Output);
    }

    [TestMethod]
    [DataRow("polish net.onnx", "There is no command 'polish'.")]
    [DataRow("polish --hard net.onnx", "There is no")]
    [DataRow("inspect --bogus", "There is no option '--bogus'.")]
    [DataRow("inspect --bogus net.onnx", "There is no option '--bogus'.")]
    [DataRow("inspect net.onnx --bogus", "There is no option '--bogus'.")]
    [DataRow("--bogus", "There is no option '--bogus'.")]
    [DataRow("inspect net.onnx other.onnx", "'other.onnx' is one argument too many.")]
    public async Task An_unknown_word_is_one_error(string line, string message)
    {
        using ToolRun run = new();
        Assert.AreEqual(2, await run.RunAsync(line.Split(' ')));
        StringAssert.Contains(run.Error, message);
        Assert.HasCount(2, run.Error.Split(": error "), run.Error);
        Assert.AreEqual("", run.Output);
    }

    [TestMethod]
    public async Task Without_a_word_the_help_is_shown()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync(), run.Error);
        StringAssert.Contains(run.Output, "optimize");
        Assert.AreEqual("", run.Error);
    }

    [TestMethod]
    public void What_a_project_file_would_say_is_said_for_the_command_line_too()
    {
        AssertForm($"Give their sizes in the SerenityModel item, for example {ModelSetting.FreeDimensions.Of("N=1;seq len=2")}.", "-d N=1 -d \"seq len=2\"");
        AssertForm($"The least budget that passes now is {ModelSetting.MemoryBudget.Of("236KiB")}.", "-b 236KiB");
        AssertForm($"Raise {ModelSetting.WorkLimit.Of("4")} ({ModelSetting.WorkLimit}), or a larger {ModelSetting.SearchLimit}.", "--work-limit 4, SearchLimit is --search-limit");
        AssertForm($"Build with {ModelSetting.Fuse.Of("false")}.", "--no-fuse");
        // What a switch cannot say, because it is the default, is not said.
        AssertForm($"Let verification run ({ModelSetting.Verify.Of("true")}).", null);
        AssertForm($"{ModelSetting.FreeDimensions} sets 'n', but all dimensions are fixed.", "FreeDimensions is -d");
        AssertForm($"Cut it off: {ModelSetting.Outputs.Of("a;b c")}.", "--outputs a --outputs \"b c\"");
        // Names from a model are no settings, whatever they are.
        AssertForm($"The largest live tensors are '{"WorkLimit"}' and '{"Fuse=\"false\""}'.", null);
        MessageText nested = new MessageText().Append("Either ").Append($"{ModelSetting.Rewrite.Of("None")}").Append($" or {new SerenityException(SerenityCodes.UnknownSize, null, $"set {ModelSetting.Fuse.Of("false")}")}");
        Assert.AreEqual("Either Rewrite=\"None\" or set Fuse=\"false\"", nested.ToString());
        AssertForm(nested, "-r None, --no-fuse");

        static void AssertForm(MessageText message, string? form) =>
            Assert.AreEqual(form is null ? "" : $" On the command line: {form}.", Terminal.CommandLineForm.Of(message.Settings), message.ToString());
    }

    /// <summary>Every setting that a message can name is an option of a model, and what a message shows of it can be put into an item as it is.</summary>
    [TestMethod]
    public void Every_setting_is_an_option()
    {
        foreach (ModelSetting setting in Enum.GetValues<ModelSetting>())
        {
            Assert.AreEqual(setting.ToString(), Terminal.CommandLineForm.OptionOf(setting).Name);
            Assert.IsNotNull(Terminal.CommandLineForm.OptionOf(setting).Switch, setting.ToString());
        }
    }

    [TestMethod]
    public async Task An_error_of_the_optimizer_is_shown_as_it_is_and_anything_else_as_internal()
    {
        using ToolRun run = new();
        run.Engine = (_, _) => throw new SerenityException(SerenityCodes.UnknownSize, null, "The size of 'x' is not known.");
        Assert.AreEqual(2, await run.RunAsync("inspect", "net.onnx"));
        StringAssert.Contains(run.Error, "error SER1301: The size of 'x' is not known.");
        run.Engine = (_, _) => throw new InvalidOperationException("something");
        Assert.AreEqual(2, await run.RunAsync("inspect", "net.onnx"));
        StringAssert.Contains(run.Error, "error SER1401");
        Assert.DoesNotContain("   at ", run.Error);
    }

    [TestMethod]
    public async Task Cancelling_writes_nothing()
    {
        using ToolRun run = new();
        using CancellationTokenSource source = new();
        run.Engine = (_, cancellation) =>
        {
            source.Cancel();
            cancellation.ThrowIfCancellationRequested();
            throw new InvalidOperationException("The token did not arrive.");
        };
        Assert.AreEqual(130, await run.RunAsync(source.Token, "optimize", "net.onnx"));
        Assert.HasCount(1, Directory.GetFiles(run.Folder));
    }

    [TestMethod]
    public async Task Devices_and_their_sources_are_listed()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("devices"));
        foreach (Build.Budgets.Device device in Build.Budgets.DeviceCatalog.Devices)
            StringAssert.Contains(run.Output, device.Source);
        Assert.AreEqual(0, await run.RunAsync("devices", "--json"));
        Assert.AreEqual(Build.Budgets.DeviceCatalog.Devices.Count, JsonDocument.Parse(run.Output).RootElement.GetArrayLength());
    }
}
