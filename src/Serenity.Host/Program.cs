using Serenity.Host;
using Serenity.Onnx.Hosting;

// With another managed ONNX Runtime than the one beside this program, all that uses it is loaded anew.
return args is [_, _, _, string assembly] ? OtherRuntime.Run(assembly, args) : HostServer.Run(args);
