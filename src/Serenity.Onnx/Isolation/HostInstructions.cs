using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Serenity.Onnx.Isolation;

/// <summary>What the host in native code is compiled for; read by who compiles it and by who starts it.</summary>
internal static class HostInstructions
{
    /// <summary>On x64, processors from 2013 on, by the compiler's name for what these have.</summary>
    public const string X64 = "x86-64-v3";

    /// <summary>True if this processor has them, as far as .NET can be asked.</summary>
    public static bool AreHere =>
        RuntimeInformation.ProcessArchitecture != Architecture.X64 || (Avx2.IsSupported && Bmi1.IsSupported && Bmi2.IsSupported && Fma.IsSupported && Lzcnt.IsSupported);
}
