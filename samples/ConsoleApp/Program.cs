using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Serenity.Runtime;

// What the build found out, from the manifest beside the model.
using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(SerenityModels.Randwire.ManifestPath));
JsonElement peak = manifest.RootElement.GetProperty("peak");
JsonElement budget = manifest.RootElement.GetProperty("budget");
long workspace = peak.TryGetProperty("workspaceBytes", out JsonElement measured) ? measured.GetInt64() : 0;

// The generated code knows where the model is. Its runs take place in one block of memory, planned by the build.
using PlannedSession session = SerenityModels.Randwire.CreateSession();

Dictionary<string, OrtValue> inputs = [];
foreach ((string name, NodeMetadata input) in session.InputMetadata)
{
    float[] values = [.. Enumerable.Range(0, input.Dimensions.Aggregate(1, (a, b) => a * b)).Select(i => MathF.Sin(i))];
    inputs.Add(name, OrtValue.CreateTensorValueFromMemory(values, [.. input.Dimensions.Select(d => (long)d)]));
}
for (int i = 0; i < 100; i++)
{
    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs);
    if (i == 0)
        Console.WriteLine($"first output       {outputs[0].GetTensorDataAsSpan<float>()[0]:0.000000}");
}
// You do not need this in an app: one more run, with every byte counted that ONNX Runtime asks for.
long seen = session.MeasurePeak(inputs);
foreach (OrtValue input in inputs.Values)
    input.Dispose();

Console.WriteLine($"before             {peak.GetProperty("originalBytes").GetInt64(),9} bytes");
Console.WriteLine($"after              {peak.GetProperty("bytes").GetInt64(),9} bytes (lower bound {peak.GetProperty("lowerBoundBytes").GetInt64()}, {(peak.GetProperty("optimal").GetBoolean() ? "optimal" : "not proven optimal")})");
Console.WriteLine($"kernels' workspace {workspace,9} bytes");
Console.WriteLine($"budget             {budget.GetProperty("memoryBytes").GetInt64(),9} bytes: {budget.GetProperty("verdict").GetString()}");
Console.WriteLine($"manifest says      {SerenityModels.Randwire.RequiredBytes,9} bytes");
Console.WriteLine($"measured           {seen,9} bytes");
Console.WriteLine($"block of a run     {session.BlockBytes,9} bytes; {session.UnplannedCalls} of its allocations came from elsewhere in {session.RunCount} runs");
bool holds = seen == SerenityModels.Randwire.RequiredBytes && session.IsPlanned && session.UnplannedCalls == 0;
Console.WriteLine(holds ? "The number is true." : "The number is not what this run needed.");
return holds ? 0 : 1;
