using System.Runtime.InteropServices;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Tests.Runtime;

/// <summary>What a developer is told whose host does not load ONNX Runtime.</summary>
[TestClass]
public sealed class HostDiagnosisTests
{
    private static readonly HostFacts _linux = new("Linux", Architecture.X64, IsMusl: false, LibraryPresent: true);

    [TestMethod]
    public void Each_cause_is_told_with_what_to_do()
    {
        DllNotFoundException any = new("Unable to load shared library 'onnxruntime'");
        Says(any, _linux with { IsMusl = true }, "musl", "Debian");
        Says(any, new HostFacts("macOS", Architecture.X64, false, false), "Intel", "Apple silicon");
        Says(any, new HostFacts("Windows", Architecture.X86, false, false), "this architecture", "64-bit");
        Says(any, new HostFacts("Linux", Architecture.Arm, false, false), "this architecture", "64-bit");
        Says(new BadImageFormatException(), _linux, "another architecture", "restore again");
        Says(new TypeInitializationException("NativeMethods", new EntryPointNotFoundException("OrtGetApiBase")), _linux, "older onnxruntime", "Remove it");
        Says(new DllNotFoundException("version `GLIBC_2.34' not found"), _linux, "glibc", "newer build image");
        Says(new DllNotFoundException("libstdc++.so.6: cannot open"), _linux, "libstdc++", "Install it");
        Says(any, new HostFacts("Windows", Architecture.X64, false, true), "Visual C++", "Install");
        Says(any, _linux, "does not load", "libstdc++");
        Says(any, _linux with { LibraryPresent = false }, "not among the tool's files", "Restore");
    }

    [TestMethod]
    public void A_library_that_was_cut_short_is_told_from_a_whole_one_and_from_none()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Only Linux maps a file without a look at its length.");
        string library = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "runtimes"), "libonnxruntime.so", SearchOption.AllDirectories)[0];
        Assert.IsFalse(NativeLibraryFile.IsCutShort(library));
        using Models.TempFolder folder = new();
        byte[] whole = File.ReadAllBytes(library);
        foreach (int length in (int[])[64, 5000, whole.Length / 2, whole.Length - 1])
            Assert.IsTrue(NativeLibraryFile.IsCutShort(folder.File("cut.so", whole[..length])), $"{length} bytes");
        Assert.IsFalse(NativeLibraryFile.IsCutShort(folder.File("text.so", "not a library"u8.ToArray())));
        Assert.IsFalse(NativeLibraryFile.IsCutShort(Path.Combine(folder.Root, "none.so")));
        StringAssert.Contains(HostDiagnosis.CutShort(library), "restore again", StringComparison.Ordinal);
    }

    private static void Says(Exception failure, HostFacts host, params string[] words)
    {
        string text = HostDiagnosis.Explain(failure, host);
        foreach (string word in words)
            StringAssert.Contains(text, word, StringComparison.Ordinal);
        // The loader's own words are not repeated: they are long, and name folders that were tried.
        Assert.DoesNotContain(failure.Message, text);
    }
}
