using Serenity.Onnx.Isolation;
using Serenity.Onnx.Pipeline;
using Serenity.Tool;
using Serenity.Tool.Terminal;

return await new SerenityCommandLine(new OptimizerEngines(new IsolatedOptimizer().Optimize, ModelOptimizer.Optimize), ToolConsole.OfProcess(), Environment.CurrentDirectory).RunAsync(args);
