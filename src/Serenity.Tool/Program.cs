using Serenity.Onnx.Pipeline;
using Serenity.Tool;
using Serenity.Tool.Terminal;

return await new SerenityCommandLine(ModelOptimizer.Optimize, ToolConsole.OfProcess(), Environment.CurrentDirectory).RunAsync(args);
