using System.Runtime.InteropServices;
using Microsoft.Build.Framework;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Items;

/// <summary>The ONNX Runtime that <c>VerifyWith</c> names.</summary>
internal static class AppRuntime
{
    /// <summary>Metadata by which <c>SerenityPrepare</c> hands the app's own native library, and the managed assembly, on to the tasks after it.</summary>
    public const string LibraryMetadata = "_AppRuntimeLibrary", AssemblyMetadata = "_AppRuntimeAssembly";

    /// <summary>In place of the app's library: it was looked for, and there is none.</summary>
    public const string None = "-";

    private const string Assembly = "Microsoft.ML.OnnxRuntime.dll";

    /// <summary>Notes on an item what the project's packages bring that runs on this machine.</summary>
    /// <param name="item">The item.</param>
    /// <param name="files">Files of ONNX Runtime: the managed assembly; and native libraries, with the <c>RuntimeIdentifier</c> they are for, or in a folder of that name.</param>
    public static void Note(ITaskItem item, IReadOnlyList<ITaskItem> files)
    {
        string host = RuntimeIdentifierOfHost();
        (string Path, string Rid)[] all = [.. files.Select(file => (file.GetMetadata("FullPath").Replace('\\', '/'), file.GetMetadata("RuntimeIdentifier"))).Where(file => file.Item1.Length > 0)];
        item.SetMetadata(LibraryMetadata, all.FirstOrDefault(file => !file.Path.EndsWith(Assembly, StringComparison.Ordinal)
            && (file.Rid == host || file.Path.Contains($"/runtimes/{host}/native/", StringComparison.Ordinal))).Path ?? None);
        item.SetMetadata(AssemblyMetadata, all.FirstOrDefault(file => file.Path.EndsWith("/" + Assembly, StringComparison.Ordinal)).Path ?? "");
    }

    /// <summary>The files; null for the one that comes with this program, and for the app's where it was not looked for yet.</summary>
    /// <param name="asked">The option's value.</param>
    /// <param name="library">What <see cref="Note"/> noted as the app's library; empty where it was not called.</param>
    /// <param name="assembly">What it noted as the assembly.</param>
    /// <param name="folder">What paths are relative to.</param>
    /// <param name="file">The model as the user named it.</param>
    /// <exception cref="SerenityException">SER1101: there is no such file.</exception>
    public static RuntimeFiles? Find(string? asked, string library, string assembly, string folder, string file)
    {
        if (asked is null)
            return null;
        if (asked == LibrarySyntax.App)
        {
            return library.Length == 0 ? null : library != None ? new RuntimeFiles(library, assembly.Length > 0 ? assembly : null) : throw new SerenityException(SerenityCodes.BadOption, file,
                $"VerifyWith=\"App\" needs an ONNX Runtime that the project references and that runs on this machine ({RuntimeIdentifierOfHost()}), and there is none. Reference the package Microsoft.ML.OnnxRuntime, or name the native library by its path.");
        }
        string path = Path.GetFullPath(asked, folder);
        return RegularFile.LengthOf(path) is > 0 ? new RuntimeFiles(path, AssemblyOf(path)) : throw new SerenityException(SerenityCodes.BadOption, file,
            $"VerifyWith names '{path}', which is no file, or an empty one. It is Package, App, or the path of a native library of ONNX Runtime, relative to the project's folder.");
    }

    /// <summary>What decides a plan of the runtime, for keys that no path is part of; empty for the one that comes with this program.</summary>
    public static string KeyOf(RuntimeFiles? runtime) => runtime is null ? "" : FormattableString.Invariant($"runtime {RegularFile.LengthOf(runtime.Library)}");

    /// <summary>In a folder of NuGet's packages the managed assembly lies in a package of its own; elsewhere it may lie beside.</summary>
    private static string? AssemblyOf(string library)
    {
        string beside = Path.Combine(Path.GetDirectoryName(library)!, Assembly);
        // ID/VERSION/runtimes/RID/native/FILE
        string package = Path.GetFullPath(Path.Combine(library, "..", "..", "..", ".."));
        string managed = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(package) ?? "") ?? "", "microsoft.ml.onnxruntime.managed", Path.GetFileName(package), "lib", "net8.0", Assembly);
        return new[] { beside, managed }.FirstOrDefault(File.Exists);
    }

    /// <summary>As packages name their folders.</summary>
    private static string RuntimeIdentifierOfHost() =>
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64")}";
}
