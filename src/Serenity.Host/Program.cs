using Serenity.Onnx.Hosting;
#if COMPILED_AHEAD
// In native code, as the driver makes it for the packages: all is in the program itself.
return HostServer.Run(args);
#else
using System.Runtime.CompilerServices;
using Serenity.Host;

// With another managed ONNX Runtime than the one beside this program, all that uses it is loaded anew, and nothing of it before.
return args is [_, _, _, string assembly] ? OtherRuntime.Run(assembly, args) : Own(args);

[MethodImpl(MethodImplOptions.NoInlining)]
static int Own(string[] args) => HostServer.Run(args);
#endif
