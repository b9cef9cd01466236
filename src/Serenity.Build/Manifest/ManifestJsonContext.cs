using System.Text.Json;
using System.Text.Json.Serialization;
using Serenity.Onnx.Pipeline;

namespace Serenity.Build.Manifest;

/// <summary>Serialization code of the manifest, generated at compile time: no reflection when a build starts.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(VerdictConverter), typeof(RoleConverter), typeof(ExecutorConverter), typeof(RewriteConverter)])]
[JsonSerializable(typeof(MemoryManifest))]
internal sealed partial class ManifestJsonContext : JsonSerializerContext;

/// <summary>"none", "pass", "fail".</summary>
internal sealed class VerdictConverter() : JsonStringEnumConverter<BudgetVerdict>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>"input", "output", "activation".</summary>
internal sealed class RoleConverter() : JsonStringEnumConverter<TensorRole>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>"OnnxRuntime", "StaticArena".</summary>
internal sealed class ExecutorConverter() : JsonStringEnumConverter<Executor>(namingPolicy: null, allowIntegerValues: false);

/// <summary>"None", "Exact", "All".</summary>
internal sealed class RewriteConverter() : JsonStringEnumConverter<RewriteLevel>(namingPolicy: null, allowIntegerValues: false);
