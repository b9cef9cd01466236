using System.Globalization;
using Serenity.Build.Blocks;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing.Device;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests.Blocks;

/// <summary>Layouts of a model on processors that this machine may not have, in Serenity.Runtime itself.</summary>
[TestClass]
public sealed class OtherProcessorTests
{
    [TestMethod]
    public void A_haswell_runs_the_layout_that_it_has_as_planned_by_rule_and_refuses_the_other()
    {
        if (EmulatedDotnet.WhyNot is { Length: > 0 } why)
            Assert.Inconclusive(why);
        using TempFolder folder = new();
        OptimizationResult result = Write(IrregularModels.DartsCell(channels: 12, size: 10), folder.Path);
        string output = EmulatedDotnet.Run(DeviceProcessor.Haswell, Probe(), "layout", Path.Combine(folder.Path, "net.onnx"), Path.Combine(folder.Path, "source.onnx"));
        StringAssert.Contains(output, "host blocked8\nlayout blocked8\nsame True\nplanned True\nunplanned 0\n");
        // Whatever this machine has, the figure is by rule or measured elsewhere.
        long required = result.Plans.Single(p => p.Layout == PlanLayout.Blocked8).Account.RequiredBytes;
        StringAssert.Contains(output, string.Create(CultureInfo.InvariantCulture, $"bytes {required}\n"));
        StringAssert.Contains(output, "refused True\n");
        // That is why: run all the same, it gives other outputs, or fails.
        Assert.IsFalse(output.Contains("other right", StringComparison.Ordinal), output);
    }

    private static OptimizationResult Write(ModelProto model, string folder)
    {
        string source = Path.Combine(folder, "source.onnx"), portable = Path.Combine(folder, "net.onnx");
        File.WriteAllBytes(source, ModelFile.ToBytes(model));
        OptimizeRequest request = new() { ModelPath = source, Layouts = [PlanLayout.Blocked8, PlanLayout.Blocked16], Targets = [TargetArchitecture.X64] };
        OptimizationResult result = ModelOptimizer.Optimize(request);
        FileInfoEntry none = new("net.onnx", "");
        WrittenModel.Create(result.Model, source, "net.onnx").Save(portable);
        File.WriteAllText(Path.Combine(folder, "net.memory.plan"), PlanFile.Render(ManifestBuilder.Build(request, result, none, none)));
        for (int i = 0; i < result.Variants.Count; i++)
        {
            string name = "net." + result.Variants[i].Layout.ToString().ToLowerInvariant();
            WrittenModel.Create(result.VariantModels[i], source, name + ".onnx").Save(Path.Combine(folder, name + ".onnx"));
            File.WriteAllText(Path.Combine(folder, name + ".memory.plan"), PlanFile.Render(result.Variants[i]));
        }
        return result;
    }

    private static string Probe()
    {
        // .../tests/Serenity.Build.Tests/bin/Release/net10.0
        DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.Parent!.Parent!.FullName, "Serenity.Runtime.Probe", "bin", own.Parent.Name, own.Name, "Serenity.Runtime.Probe.dll");
    }
}
