using Serenity.Onnx.Contract;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Pipeline;
using Serenity.Tool;
using Serenity.Tool.Terminal;

using OptimizerHost host = new();
return await new SerenityCommandLine(new OptimizerEngines(host.Optimize, ModelOptimizer.Finish), ToolConsole.OfProcess(), Environment.CurrentDirectory,
    Environment.GetEnvironmentVariable("GITHUB_STEP_SUMMARY") is { Length: > 0 } summary ? summary : null).RunAsync(args);
