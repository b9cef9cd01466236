using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Items;

[TestClass]
public sealed class NearestFileTests
{
    [TestMethod]
    [DataRow("models/net.onnx", " Did you mean 'models/Net.onnx'? Upper and lower case are different letters on this system.")]
    [DataRow("Models/Net.onnx", " Did you mean 'models/Net.onnx'? Upper and lower case are different letters on this system.")]
    [DataRow("models\\Net.onnx", " Did you mean 'models/Net.onnx'? On this system it is '/' that stands between folders.")]
    [DataRow("Net.onnx", " Did you mean 'models/Net.onnx'?")]
    [DataRow("model/Net.onnx", " Did you mean 'models/Net.onnx'?")]
    [DataRow("models/Nett.onnx", " Did you mean 'models/Net.onnx'?")]
    [DataRow("models/Nett.ort", "")]
    [DataRow("models/a.onnx", "")]
    [DataRow("models/", "")]
    [DataRow("", "")]
    [DataRow("gone/../else/where.onnx", "")]
    [DataRow("C:\\models\\net.onnx", " " + NearestFile.WindowsPath)]
    [DataRow("d:/net.onnx", " " + NearestFile.WindowsPath)]
    public void What_was_most_likely_meant_is_told(string written, string hint)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Other systems take case and separators in other ways.");
        using TempFolder folder = new();
        Directory.CreateDirectory(Path.Combine(folder.Path, "models"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "obj"));
        foreach (string file in (string[])["models/Net.onnx", "models/b.onnx", "obj/else.onnx"])
            File.WriteAllText(Path.Combine(folder.Path, file), "");
        Assert.AreEqual(hint, NearestFile.Hint(written, folder.Path));
        // The same of a whole path.
        if (hint.Contains("Upper", StringComparison.Ordinal))
            StringAssert.Contains(NearestFile.Hint(Path.Combine(folder.Path, written), "/"), $" Did you mean '{folder.Path}/models/Net.onnx'? Upper");
    }
}
