using System.Runtime.CompilerServices;

namespace Serenity.Host;

/// <summary>The host's assemblies with the ONNX Runtime beside them, in the program's own context; whoever does not call this has nothing of it loaded there.</summary>
internal static class OwnRuntime
{
    /// <summary>Runs the host so.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Run(string[] args) => Onnx.Hosting.HostServer.Run(args);
}
