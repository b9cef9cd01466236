using Serenity.Onnx.Hosting;

return IsolationHost.Run(args);
