using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using Serenity.Testing;

namespace Serenity.Benchmarks.Same;

/// <summary>A build of the command line: from a package, or of this checkout.</summary>
/// <param name="name">How it is called in what is printed.</param>
/// <param name="program">Path of its Serenity.Tool.dll.</param>
/// <param name="folder">Where its outputs go.</param>
/// <param name="switches">What it is given on every command line besides.</param>
/// <param name="keeps">True if outputs of an earlier run in <paramref name="folder"/> are as good as new ones.</param>
internal sealed class ToolProgram(string name, string program, string folder, IReadOnlyList<string> switches, bool keeps)
{
    private const string Program = "Serenity.Tool.dll";

    /// <summary>Far above what any model takes; a tool that hangs is told of and not waited for.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(15);

    private readonly Lazy<string[]> _inProcess = new(() =>
        Start(program, ["optimize", "--help"]).Output.Contains("--in-process", StringComparison.Ordinal) ? ["--in-process"] : []);

    /// <summary>How it is called in what is printed.</summary>
    public string Name { get; } = name;

    /// <summary>The tool in a package, unpacked below <c>artifacts/same</c>.</summary>
    /// <param name="package">A Serenity.Tool.*.nupkg.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ToolProgram OfPackage(string package)
    {
        if (!File.Exists(package))
            throw new ArgumentException($"there is no package '{package}'");
        using FileStream file = File.OpenRead(package);
        string hash = Convert.ToHexStringLower(SHA256.HashData(file))[..16];
        string folder = Path.Combine(Root, hash), tool = Path.Combine(folder, "tool");
        if (!Directory.Exists(tool))
        {
            string half = tool + ".half";
            ZipFile.ExtractToDirectory(package, half, overwriteFiles: true);
            Directory.Move(half, tool);
        }
        string program = Path.Combine(tool, "tools", "net8.0", "any", Program);
        if (!File.Exists(program))
            throw new ArgumentException($"'{package}' holds no command line; give a Serenity.Tool.*.nupkg");
        return new ToolProgram(Path.GetFileNameWithoutExtension(package), program, Path.Combine(folder, "outputs"), [], keeps: true);
    }

    /// <summary>The tool as this checkout was built. A copy, so that the checkout can be built again meanwhile.</summary>
    public static ToolProgram OfCheckout()
    {
        string built = Path.Combine(Checkout.Root, "src", "Serenity.Tool", "bin", "Release", "net8.0"), folder = Path.Combine(Root, "checkout"), tool = Path.Combine(folder, "tool");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        foreach (string file in Directory.EnumerateFiles(built, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(tool, Path.GetRelativePath(built, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return new ToolProgram("this checkout", Path.Combine(tool, Program), Path.Combine(folder, "outputs"), [], keeps: false);
    }

    /// <summary>The same with switches on its command line; outputs of a run with others are no use to it.</summary>
    public ToolProgram With(IReadOnlyList<string> more) => more.Count == 0 ? this : new(Name, program, folder, more, keeps: false);

    /// <summary>Optimizes a model, or takes what an earlier run left.</summary>
    /// <param name="model">The model.</param>
    /// <param name="executor">Who is to run it, as the command line names it.</param>
    /// <param name="sizes">Sizes of its open dimensions.</param>
    public ToolOutput Optimize(string model, string executor, IReadOnlyDictionary<string, long> sizes)
    {
        string place = Path.Combine(folder, executor, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(model)))[..16] + "-" + Path.GetFileNameWithoutExtension(model));
        string ended = place + ".ended";
        if (!keeps || !File.Exists(ended))
        {
            if (Directory.Exists(place))
                Directory.Delete(place, recursive: true);
            Directory.CreateDirectory(place);
            File.Delete(ended);
            string[] dimensions = [.. sizes.OrderBy(s => s.Key, StringComparer.Ordinal).SelectMany(s => (string[])["-d", FormattableString.Invariant($"{s.Key}={s.Value}")])];
            (int exit, _, string errors) = Start(program, ["optimize", model, "-o", Path.Combine(place, "model.onnx"), "-e", executor, .. dimensions, .. switches, .. _inProcess.Value]);
            // Told of under its name alone, so that it does not matter how the model was named or where the outputs go.
            errors = errors.Replace(place, "", StringComparison.Ordinal).Replace(model, Path.GetFileName(model), StringComparison.Ordinal);
            File.WriteAllText(ended, FormattableString.Invariant($"{exit}\n{errors}"));
        }
        return ToolOutput.Read(File.ReadAllText(ended), place);
    }

    private static string Root => Path.Combine(Checkout.Root, "artifacts", "same");

    private static (int Exit, string Output, string Errors) Start(string program, string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(_patience))
        {
            process.Kill(entireProcessTree: true);
            return (-1, "", "did not end");
        }
        return (process.ExitCode, output.Result, errors.Result);
    }
}
