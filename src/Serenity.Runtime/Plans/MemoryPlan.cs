using System;
using System.Collections.Generic;
using System.IO;

namespace Serenity.Runtime;

/// <summary>
/// What the build planned for an optimized model: the sequence of allocations of a run and where each lies, once for each processor
/// architecture and number of threads. Serenity.Build writes it beside the model.
/// </summary>
public sealed class MemoryPlan
{
    /// <summary>What takes the place of <c>.onnx</c> or <c>.ort</c> in the name of a model's plan.</summary>
    public const string Extension = ".memory.plan";

    internal MemoryPlan(string onnxRuntimeVersion, IReadOnlyList<BlockPlan> blocks) => (OnnxRuntimeVersion, Blocks) = (onnxRuntimeVersion, blocks);

    /// <summary>Version of ONNX Runtime with which the sequence was observed, such as "1.30.0".</summary>
    public string OnnxRuntimeVersion { get; }

    /// <summary>The plans, the one of the build's own number of threads first.</summary>
    public IReadOnlyList<BlockPlan> Blocks { get; }

    /// <summary>The layout of the model that it belongs to, such as "blocked16"; <see cref="ModelLayout.Portable"/> for one that runs everywhere.</summary>
    public string Layout { get; internal set; } = ModelLayout.Portable;

    /// <summary>False where kernels read weights as the file has them: the session must not lay them out anew (<c>session.disable_prepacking</c>).</summary>
    public bool Prepack { get; internal set; } = true;

    /// <summary>Why there are no blocks; null if that is not known.</summary>
    internal string? WhyEmpty { get; set; }

    /// <summary>Path of the plan that belongs to a model: <c>net.memory.plan</c> beside <c>net.onnx</c>.</summary>
    public static string PathFor(string modelPath)
    {
        if (modelPath is null)
            throw new ArgumentNullException(nameof(modelPath));
        return ModelLayout.WithoutExtension(modelPath) + Extension;
    }

    /// <summary>Reads a plan file.</summary>
    /// <exception cref="InvalidDataException">It is not a plan, or not of this version.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static MemoryPlan Load(string path)
    {
        using StreamReader reader = new(path);
        return PlanText.Read(reader, path);
    }

    /// <summary>Reads a plan, such as one that is embedded in the app.</summary>
    /// <exception cref="InvalidDataException">It is not a plan, or not of this version.</exception>
    public static MemoryPlan Read(TextReader reader)
    {
        if (reader is null)
            throw new ArgumentNullException(nameof(reader));
        return PlanText.Read(reader, "the memory plan");
    }

    /// <summary>The plan for an architecture and a number of threads; null if there is none.</summary>
    /// <param name="architecture">Such as "x64".</param>
    /// <param name="threads">Threads within an operator.</param>
    public BlockPlan? Find(string architecture, int threads)
    {
        foreach (BlockPlan block in Blocks)
        {
            if (block.Architecture == architecture && block.Threads == threads)
                return block;
        }
        return null;
    }
}
