using Serenity.Onnx.Isolation;

return IsolationHost.Run(args);
