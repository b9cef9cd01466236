using System.Reflection;
using System.Runtime.Loader;

namespace Serenity.Host;

/// <summary>
/// The host's assemblies with another <c>Microsoft.ML.OnnxRuntime.dll</c>: the managed assembly asks the native library for the interface of its own version, which an older
/// library does not have. So both are the app's.
/// </summary>
/// <param name="assembly">Absolute path of the managed assembly.</param>
internal sealed class OtherRuntime(string assembly) : AssemblyLoadContext("another ONNX Runtime")
{
    /// <summary>Runs the host in such a context.</summary>
    public static int Run(string assembly, string[] args)
    {
        // By its name: a copy of it in the context of this program too would lend that one its compiled code, which calls the other library's types.
        Type server = new OtherRuntime(assembly).LoadFromAssemblyName(new AssemblyName("Serenity.Onnx")).GetType($"Serenity.Onnx.Hosting.{nameof(Onnx.Hosting.HostServer)}", throwOnError: true)!;
        return (int)server.GetMethod(nameof(Onnx.Hosting.HostServer.Run))!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [args], null)!;
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == "Microsoft.ML.OnnxRuntime")
            return LoadFromAssemblyPath(assembly);
        string beside = Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll");
        return File.Exists(beside) ? LoadFromAssemblyPath(beside) : null;
    }
}
