using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.CodeGeneration;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Items;

/// <summary>Items that list several sizes of a dimension, and stand for several models.</summary>
[TestClass]
public sealed class SizeListsTests
{
    [TestMethod]
    [DataRow("seq=128,256,512", "seq=128 | seq=256 | seq=512")]
    [DataRow("seq=512, 128,128 ,256", "seq=128 | seq=256 | seq=512")]
    [DataRow("seq=128,128", "seq=128")]
    [DataRow("seq=1,2;batch=4,8", "batch=4;seq=1 | batch=4;seq=2 | batch=8;seq=1 | batch=8;seq=2")]
    [DataRow("batch=1,seq=128", "batch=1;seq=128")]
    [DataRow("batch=1,seq=128,256", "batch=1;seq=128 | batch=1;seq=256")]
    [DataRow("batch=1,2,seq=128,256", "batch=1;seq=128 | batch=1;seq=256 | batch=2;seq=128 | batch=2;seq=256")]
    [DataRow("`h,w`=3", "`h,w`=3")]
    [DataRow("batch=1,`h,w`=3,4", "batch=1;`h,w`=3 | batch=1;`h,w`=4")]
    [DataRow("image:2=32,64;n=1..4;total=image+n", "image:2=32;n=1..4;total=image+n | image:2=64;n=1..4;total=image+n")]
    public void Every_combination_of_listed_sizes_is_one_set_of_sizes(string text, string expected)
    {
        DimensionSizes sizes = ModelOptions.FreeDimensions.Read(text, "FreeDimensions", null);
        DimensionsSyntax syntax = new();
        Assert.AreEqual(expected, string.Join(" | ", sizes.Combinations().Select(c => syntax.Format(c.Sizes))));
        CollectionAssert.AreEqual(sizes.ToArray(), syntax.Parse(syntax.Format(sizes)).ToArray(), "What is written can be read again.");
    }

    [TestMethod]
    [DataRow("seq=1,2..3", "a list of sizes or a range")]
    [DataRow("seq=1,a", "'a' is not of the form name=size")]
    [DataRow("seq=1,-2", "'-2' is not of the form name=size")]
    [DataRow("seq=1,2;seq=3", "'seq' is given twice")]
    [DataRow("a=1,2,3,4,5;b=1,2,3,4,5;c=1,2,3", "more than 64")]
    public void What_is_no_list_is_told(string text, string expected)
    {
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => ModelOptions.FreeDimensions.Read(text, "FreeDimensions", null));
        Assert.AreEqual(SerenityCodes.BadOption, refusal.Code);
        StringAssert.Contains(refusal.Message, expected);
    }

    [TestMethod]
    [DataRow("seq=128,256,512", "seq=64;seq=129;seq=257")]
    [DataRow("seq=1,2,3", ";;")]
    [DataRow("seq=1,7", ";seq=4")]
    [DataRow("batch=1,2;seq=4,16", "seq=2;seq=8;seq=2;seq=8")]
    public void Inputs_that_are_filled_up_are_those_that_no_smaller_file_takes(string sizes, string from)
    {
        ModelItem[] models = [.. SizeLists.Expand(Item("net.onnx", ("FreeDimensions", sizes), ("Pad", "ids=0"))).Select(i => ModelItem.Read(i, "/p", "/p/obj"))];
        Assert.AreEqual(from, string.Join(';', models.Select(m => m.Request.Filled is { } filled ? string.Join(',', filled.From.Select(s => $"{s.Key}={s.Value}")) : "")));
        Assert.IsTrue(models.All(m => m.Request.Filled?.Values is not { } values || values["ids"] == "0"));
        ModelItem last = models[^1], other = last with { Request = last.Request with { Filled = new(new Dictionary<string, string> { ["ids"] = "7" }, new Dictionary<string, long>()) } };
        Assert.AreNotEqual(last.OptionsKey, other.OptionsKey, "What was found out is kept with what it was found out for.");
        Assert.IsTrue(SizeLists.Expand(Item("net.onnx", ("FreeDimensions", sizes))).All(i => ModelItem.Read(i, "/p", "/p/obj").Request.Filled is null));
    }

    [TestMethod]
    public void An_item_with_a_list_stands_for_several_each_with_a_file_of_its_own()
    {
        TaskItem item = Item("models/net.onnx", ("FreeDimensions", "batch=1,2;in put:0=8,16;x%3By=3"), ("MemoryBudget", "1MiB"), ("Pad", "ids=0"));
        IReadOnlyList<ITaskItem> items = SizeLists.Expand(item);
        ModelItem[] models = [.. items.Select(i => ModelItem.Read(i, "/p", "/p/obj"))];
        CollectionAssert.AreEqual(
            new[] { "models/net.batch1.input08.onnx", "models/net.batch1.input016.onnx", "models/net.batch2.input08.onnx", "models/net.batch2.input016.onnx" }, models.Select(m => m.TargetPath).ToArray());
        CollectionAssert.AllItemsAreUnique(models.Select(m => m.ManifestPath).ToArray());
        Assert.AreEqual("models/net.onnx (batch=1, in put:0=8)", models[0].Name);
        Assert.IsTrue(models.All(m => m.WholeTargetPath == "models/net.onnx" && m.Options.Get(ModelOptions.MemoryBudget) == 1 << 20));
        CollectionAssert.AreEqual(new[] { "batch=2", "in put:0=16", "x;y=3" }, models[3].Request.FreeDimensions.Select(d => $"{d.Key}={d.Value}").ToArray());
        // Once more is as it is.
        Assert.AreSame(items[0], SizeLists.Expand(items[0]).Single());
        TaskItem one = Item("net.onnx", ("FreeDimensions", "batch=1,seq=8"));
        Assert.AreSame(one, SizeLists.Expand(one).Single());
        Assert.AreEqual("net.seq8.ort", SizeLists.PathOf("net.ort", [KeyValuePair.Create("seq", 8L)]));
    }

    [TestMethod]
    public void A_list_in_a_property_and_a_Pad_without_a_list_are_refused()
    {
        TaskItem projects = Item("net.onnx", ("FreeDimensions", "seq=1,2"), ("_DefaultFreeDimensions", "seq=1,2"));
        Refuses(SizeLists.Expand(projects).Single(), "SerenityFreeDimensions");
        Refuses(Item("net.onnx", ("FreeDimensions", "seq=1"), ("Pad", "ids=0")), "List several");
        Refuses(Item("net.onnx", ("Pad", "ids=zero")), "'zero' is not");
        Refuses(Item("net.onnx", ("Pad", "a=nan;b=zero")), "'a' cannot be filled with nan");
        Refuses(Item("net.onnx", ("Pad", "a=nan;b=zero")), "'zero' is not");

        static void Refuses(ITaskItem item, string what)
        {
            SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => ModelItem.Read(item, "/p", "/p/obj"));
            Assert.AreEqual(SerenityCodes.BadOption, refusal.Code);
            StringAssert.Contains(refusal.Message, what);
        }
    }

    [TestMethod]
    [DataRow(null, "==", "=")]
    [DataRow("x=0", "<=", "<=")]
    public void Generated_code_takes_the_smallest_file_that_fits_in_every_language(string? pad, string csharp, string other)
    {
        TaskItem item = Item("net.onnx", ("FreeDimensions", "seq=256,128"), pad is null ? ("Access", "Public") : ("Pad", pad));
        ModelItem[] models = [.. SizeLists.Expand(item).Select(i => ModelItem.Read(i, Path.GetTempPath(), Path.GetTempPath()))];
        IReadOnlyList<ModelCode> code = [.. ModelCode.Of([.. models.Select(m => (m, (Serenity.Build.Manifest.MemoryManifest?)TestManifest.Create()))], true, true)
            .Select((c, i) => c with { Inputs = [new TensorCode("X", "x", "float", [1, 128 * (i + 1)])], Outputs = [new TensorCode("Y", "y", "float", [128 * (i + 1), 4])] })];
        CollectionAssert.AreEqual(new[] { "NetSeq128", "NetSeq256" }, code.Select(c => c.Identifier).ToArray());
        SizedModelCode sized = SizedModelCode.Of(models, code).Single();
        Assert.AreEqual(("Net", "seq=128; seq=256"), (sized.Identifier, sized.SizesText));
        CollectionAssert.AreEqual(new[] { "", "seq" }, sized.Inputs.Single().Axes.ToArray());
        CollectionAssert.AreEqual(new[] { "seq", "" }, sized.Outputs.Single().Axes.ToArray());
        CollectionAssert.AreEqual(new[] { 1L, -1L }, sized.Inputs.Single().Tensor.Shape!.ToArray());
        foreach ((CodeLanguage language, string condition) in ((CodeLanguage, string)[])[(new CSharpCode(true), $"@seq {csharp} 128L"), (new FSharpCode(), $"``seq`` {other} 128L"), (new VisualBasicCode(), $"[seq] {other} 128L")])
        {
            string text = language.Write(code, "", [sized]);
            StringAssert.Contains(text, condition);
            StringAssert.Contains(text, "SizedSession");
            StringAssert.Contains(text, "It was written for seq=128; seq=256.");
            Assert.AreEqual(pad is not null, text.Contains("\"x\", ", StringComparison.Ordinal) && text.Contains(", \"0\")", StringComparison.Ordinal));
        }
    }

    /// <summary>The path is the item's, and so is what is said of it: the same for each of its sizes.</summary>
    [TestMethod]
    public void A_bad_target_path_is_named_as_it_was_written()
    {
        TaskItem item = Item("net.onnx", ("FreeDimensions", "seq=256,128"), ("TargetPath", "../net.onnx"));
        string[] said = [.. SizeLists.Expand(item).Select(i => Assert.ThrowsExactly<SerenityException>(() => ModelItem.Read(i, "/p", "/p/obj")).Message).Distinct()];
        Assert.HasCount(1, said);
        StringAssert.Contains(said[0], "\"../net.onnx\"");
    }

    private static TaskItem Item(string name, params (string Name, string Value)[] metadata)
    {
        TaskItem item = new(name);
        item.SetMetadata("TargetPath", name);
        foreach ((string key, string value) in metadata)
            item.SetMetadata(key, value);
        return item;
    }
}
