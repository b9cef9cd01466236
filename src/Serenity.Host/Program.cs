using Serenity.Onnx.Hosting;

return HostServer.Run(args);
