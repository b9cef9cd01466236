using System.Diagnostics;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;

namespace Serenity.Onnx.Hosting;

/// <summary>The child's side: optimizes the one model it is asked for.</summary>
public static class IsolationHost
{
    /// <summary>Answers one request.</summary>
    /// <param name="args">The folder of the request.</param>
    /// <returns>0: answered, with a result or an error; 2: called wrongly.</returns>
    public static int Run(string[] args)
    {
        if (args is not [string folder] || !Directory.Exists(folder))
        {
            Console.Error.WriteLine("This program is run by Serenity.Build. To optimize a model by hand, use 'dotnet serenity optimize'.");
            return 2;
        }
        IsolationFiles files = new(folder);
        OptimizeRequest request = files.ReadRequest();
        try
        {
            LoadedModel model = ModelFile.Load(request.ModelPath);
            using ChildWatch watch = ChildWatch.Start(ChildLimits.Of(model, request), what =>
            {
                files.WriteError(IsolatedOptimizer.Crashed(request, what).ToDiagnostic());
                // Not an exit: that would wait for the native code.
                using Process self = Process.GetCurrentProcess();
                self.Kill();
            });
            files.WriteResult(ModelOptimizer.OptimizeHere(model, request, CancellationToken.None));
        }
        catch (SerenityException e)
        {
            files.WriteError(e.ToDiagnostic());
        }
        return 0;
    }
}
