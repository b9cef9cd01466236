#if COMPILED_AHEAD
// In native code, as the driver makes it for the packages: all is in the program itself.
return Serenity.Onnx.Hosting.HostServer.Run(args);
#else
using Serenity.Host;

// With another managed ONNX Runtime than the one beside this program, all that uses it is loaded anew, and nothing of it before.
return args is [_, _, _, string assembly] ? OtherRuntime.Run(assembly, args) : OwnRuntime.Run(args);
#endif
