using System.Text.Json;
using ConsoleApp;
using Microsoft.ML.OnnxRuntime;

// What the build found out, from the manifest beside the model.
using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(SerenityModels.Randwire.ManifestPath));
JsonElement peak = manifest.RootElement.GetProperty("peak");
JsonElement budget = manifest.RootElement.GetProperty("budget");
long workspace = peak.TryGetProperty("workspaceBytes", out JsonElement measured) ? measured.GetInt64() : 0;

// The generated code knows where the model is and which options make its figures true.
using SessionOptions options = SerenityModels.Randwire.CreateSessionOptions();
using PeakMeter meter = PeakMeter.Attach(options);
using InferenceSession session = new(SerenityModels.Randwire.Path, options);

Dictionary<string, OrtValue> inputs = [];
foreach ((string name, NodeMetadata input) in session.InputMetadata)
{
    float[] values = [.. Enumerable.Range(0, input.Dimensions.Aggregate(1, (a, b) => a * b)).Select(i => MathF.Sin(i))];
    inputs.Add(name, OrtValue.CreateTensorValueFromMemory(values, [.. input.Dimensions.Select(d => (long)d)]));
}
using RunOptions run = new();
meter.Start();
using (IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, inputs, session.OutputNames))
    Console.WriteLine($"first output       {outputs[0].GetTensorDataAsSpan<float>()[0]:0.000000}");
long seen = meter.PeakBytes;
foreach (OrtValue input in inputs.Values)
    input.Dispose();

Console.WriteLine($"before             {peak.GetProperty("originalBytes").GetInt64(),9} bytes");
Console.WriteLine($"after              {peak.GetProperty("bytes").GetInt64(),9} bytes (lower bound {peak.GetProperty("lowerBoundBytes").GetInt64()}, {(peak.GetProperty("optimal").GetBoolean() ? "optimal" : "not proven optimal")})");
Console.WriteLine($"kernels' workspace {workspace,9} bytes");
Console.WriteLine($"budget             {budget.GetProperty("memoryBytes").GetInt64(),9} bytes: {budget.GetProperty("verdict").GetString()}");
Console.WriteLine($"manifest says      {SerenityModels.Randwire.RequiredBytes,9} bytes");
Console.WriteLine($"measured           {seen,9} bytes");
bool holds = seen == SerenityModels.Randwire.RequiredBytes;
Console.WriteLine(holds ? "The number is true." : "The number is not what this run needed.");
return holds ? 0 : 1;
