namespace Serenity.Onnx.Diagnostics;

/// <summary>
/// What a message may tell the developer to set. Each is an option of a model: metadata of a <c>SerenityModel</c> item in a project, a switch on the command line;
/// whoever shows the message knows which.
/// </summary>
public enum ModelSetting
{
    /// <summary>Most bytes that activations and workspace may take.</summary>
    MemoryBudget,

    /// <summary>Most bytes that weights may take.</summary>
    WeightBudget,

    /// <summary>Most bytes that the process may take.</summary>
    ProcessBudget,

    /// <summary>Runs at a time.</summary>
    Concurrency,

    /// <summary>Sizes of open dimensions.</summary>
    FreeDimensions,

    /// <summary>The most that any run gives of what is as large as the data asks for.</summary>
    Bounds,

    /// <summary>Values of inputs.</summary>
    FixedInputs,

    /// <summary>Outputs in the buffers of inputs.</summary>
    SharedBuffers,

    /// <summary>Where the model is cut off.</summary>
    Outputs,

    /// <summary>Who runs the model.</summary>
    Executor,

    /// <summary>Which rewrites may be applied.</summary>
    Rewrite,

    /// <summary>Whether regions are run in pieces.</summary>
    Partition,

    /// <summary>Whether ONNX Runtime's fusions are applied ahead.</summary>
    Fuse,

    /// <summary>How much longer a run may take.</summary>
    WorkLimit,

    /// <summary>How far orders are searched.</summary>
    SearchLimit,

    /// <summary>Which numbers activations are computed with.</summary>
    Precision,

    /// <summary>Whether the result is verified.</summary>
    Verify,

    /// <summary>How large a model is verified.</summary>
    VerifyLimit,

    /// <summary>Which files the model is written as.</summary>
    Format,

    /// <summary>Layouts that the model is written in.</summary>
    Layout,
}

/// <summary>A setting that a message names, and the value that it gives it.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Value">The value, as an item's metadata has it; null where the message names the setting alone.</param>
public sealed record AdvisedSetting(ModelSetting Name, string? Value = null)
{
    /// <summary>As a project file has it.</summary>
    public override string ToString() => Value is null ? Name.ToString() : $"{Name}=\"{Value}\"";
}

/// <summary>Makes advice of a setting.</summary>
public static class ModelSettings
{
    /// <summary>The setting with a value, as an item's metadata has it.</summary>
    public static AdvisedSetting Of(this ModelSetting setting, string value) => new(setting, value);
}
