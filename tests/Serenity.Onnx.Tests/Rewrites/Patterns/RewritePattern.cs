using System.Reflection;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>A random model around one place where a kind of rewrite applies, or where one of its preconditions fails.</summary>
/// <param name="Kind">The rewrite's name.</param>
/// <param name="Model">The model, all weights inside.</param>
/// <param name="External">Names of initializers that are to lie in a file of their own.</param>
/// <param name="HoldsInOnnxRuntime">True if the kind must match somewhere for that executor; false if it must match nowhere.</param>
/// <param name="HoldsInArena">The same for the static arena.</param>
internal sealed record RewritePattern(
    string Kind, ModelProto Model, IReadOnlySet<string> External, bool HoldsInOnnxRuntime, bool HoldsInArena)
{
    /// <summary>The methods that have a <see cref="PatternOfAttribute"/>, by their places.</summary>
    private static readonly (string Kind, Func<PatternBuilder, bool> Write)[] _writers =
    [
        .. from type in typeof(RewritePattern).Assembly.GetTypes()
           where type.Namespace == typeof(RewritePattern).Namespace
           from method in type.GetMethods()
           let pattern = method.GetCustomAttribute<PatternOfAttribute>()
           where pattern is not null
           orderby pattern.Place
           select (pattern.Kind, method.CreateDelegate<Func<PatternBuilder, bool>>()),
    ];

    /// <summary>All kinds there are; the seeds go through them in turn.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. _writers.Select(w => w.Kind)];

    public bool Holds(Executor executor) => executor == Executor.OnnxRuntime ? HoldsInOnnxRuntime : HoldsInArena;

    /// <summary>The pattern of a seed.</summary>
    public static RewritePattern Create(ulong seed)
    {
        (string kind, Func<PatternBuilder, bool> write) = _writers[seed % (ulong)_writers.Length];
        PatternBuilder builder = new(seed);
        bool holds = write(builder);
        ModelProto model = builder.Finish();
        return new RewritePattern(kind, model, builder.External, holds && !builder.OnlyInArena, holds);
    }

    /// <summary>The model as a file, external weights beside it.</summary>
    /// <returns>Path of the model.</returns>
    public string Save(string folder)
    {
        ModelProto model = Model.Clone();
        using FileStream data = File.Create(Path.Combine(folder, "weights.bin"));
        foreach (TensorProto tensor in model.Graph.Initializer.Where(i => External.Contains(i.Name)))
        {
            byte[] bytes = tensor.RawData.ToByteArray();
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = data.Position.ToString(System.Globalization.CultureInfo.InvariantCulture) });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = bytes.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) });
            data.Write(bytes);
        }
        string path = Path.Combine(folder, "model.onnx");
        ModelFile.Save(model, path);
        return path;
    }
}
