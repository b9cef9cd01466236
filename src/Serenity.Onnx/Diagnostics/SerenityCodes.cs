namespace Serenity.Onnx.Diagnostics;

/// <summary>
/// Every code the product can give. 10xx: budgets; 11xx: items and options; 12xx: model files; 13xx: shapes and types;
/// 14xx: planning; 15xx: verification; 16xx: reading and writing; 17xx: host and native runtime; 2xxx: warnings, in the same groups.
/// A code is a constant and a line of the table, and has a page <c>docs/errors/CODE.md</c> and a line in their index; tests hold these together.
/// </summary>
public static class SerenityCodes
{
    /// <summary>All codes with their titles, in order: what the index of the pages and <c>dotnet serenity explain</c> list.</summary>
    public static IReadOnlyList<SerenityCode> All { get; } =
    [
        new(OverMemoryBudget, "The model is over its memory budget"),
        new(OverWeightBudget, "The weights are over their budget"),
        new(OverBaseline, "The model needs more than its baseline"),
        new(BadBaseline, "The baseline cannot be used"),
        new(OverProcessBudget, "The process needs more than its budget"),
        new(BadOption, "A value cannot be understood"),
        new(UnknownDevice, "The device is not known"),
        new(BadTargetPath, "An output path cannot be used"),
        new(UnsupportedMsBuild, "This MSBuild cannot run the task"),
        new(ModelNotFound, "The model does not exist"),
        new(NotAModel, "The file is not an ONNX model"),
        new(InvalidGraph, "The model's graph is not valid"),
        new(BadExternalData, "External data cannot be used"),
        new(BadInitializer, "A weight's data does not fit its shape"),
        new(RuntimeRefuses, "ONNX Runtime refuses the model"),
        new(UnknownSize, "The size of a value is not known"),
        new(BadFreeDimension, "FreeDimensions does not fit the model"),
        new(BoundExceeded, "Bounds does not fit the model"),
        new(BadCut, "Inputs, Outputs, FixedInputs or SharedBuffers do not fit the model"),
        new(RangeNotPlanned, "A range of sizes cannot be planned"),
        new(InternalCheckFailed, "An internal check failed"),
        new(OutputsDiffer, "The optimized model gives other outputs"),
        new(OrderDiffers, "ONNX Runtime executed another order"),
        new(MemoryDiffers, "ONNX Runtime allocated another amount"),
        new(RuntimeTooOld, "The app's ONNX Runtime is too old for the plan"),
        new(InputOutput, "A file cannot be read or written"),
        new(BadManifest, "The manifest cannot be read"),
        new(RuntimeMissing, "ONNX Runtime cannot be loaded on this machine"),
        new(RuntimeCrashed, "The process that worked on the model crashed or hung"),
        new(NearBudget, "The model nearly fills its budget"),
        new(NotInBaseline, "The baseline does not know the model"),
        new(ProcessMayGrow, "The process fits only where freed memory is given back"),
        new(UnreadName, "A name that nothing reads"),
        new(NoModel, "An item that adds no model"),
        new(EmptyValue, "A value that comes to nothing"),
        new(SameHeaderNames, "Two C headers with the same names"),
        new(NotProven, "The peak is not proven optimal"),
        new(PassedThrough, "The model, or a part of it, was passed through unchanged"),
        new(NotFused, "The model was not fused"),
        new(HardwareBound, "The model was saved for one kind of processor"),
        new(WidenedAtRun, "A model of float16 needs more than it would in float32"),
        new(NotVerified, "The result was not, or not fully, verified"),
        new(WorkspaceUnknown, "The budget does not count kernels' workspace"),
        new(OtherRuntime, "The app brings another ONNX Runtime than the plan was verified with"),
        new(MoreWithoutOptions, "Without the session options the model needs more than its source"),
        new(ChangedAtLoad, "A file in ONNX Runtime's own format does not keep the plan without the session options"),
        new(FillingMatters, "Inputs that are filled up change what the model gives"),
        new(PlannedWithoutRuntime, "Planned without ONNX Runtime"),
    ];

    /// <summary>The peak is above the memory budget.</summary>
    public const string OverMemoryBudget = "SER1001";

    /// <summary>The weights are above the weight budget.</summary>
    public const string OverWeightBudget = "SER1002";

    /// <summary>The model needs more than its baseline says.</summary>
    public const string OverBaseline = "SER1003";

    /// <summary>The baseline is missing or damaged.</summary>
    public const string BadBaseline = "SER1004";

    /// <summary>What the process takes is above its budget.</summary>
    public const string OverProcessBudget = "SER1005";

    /// <summary>A metadata value or option cannot be understood.</summary>
    public const string BadOption = "SER1101";

    /// <summary>The item names a device that no SerenityDevice defines.</summary>
    public const string UnknownDevice = "SER1102";

    /// <summary>Two items would write the same output, or an output would lie outside the output folder.</summary>
    public const string BadTargetPath = "SER1103";

    /// <summary>This MSBuild cannot load the task (it needs the .NET SDK, or Visual Studio 2026).</summary>
    public const string UnsupportedMsBuild = "SER1104";

    /// <summary>The model file does not exist.</summary>
    public const string ModelNotFound = "SER1201";

    /// <summary>The file is not an ONNX model, or is damaged.</summary>
    public const string NotAModel = "SER1202";

    /// <summary>The graph breaks a rule of ONNX: a cycle, a dangling or a duplicate name.</summary>
    public const string InvalidGraph = "SER1203";

    /// <summary>External data is missing, too short, or outside the model's folder.</summary>
    public const string BadExternalData = "SER1204";

    /// <summary>An initializer's data does not fit its shape and type.</summary>
    public const string BadInitializer = "SER1205";

    /// <summary>ONNX Runtime refuses the model.</summary>
    public const string RuntimeRefuses = "SER1206";

    /// <summary>The size of a value cannot be known.</summary>
    public const string UnknownSize = "SER1301";

    /// <summary>FreeDimensions names a dimension the model does not have, or a size that does not work.</summary>
    public const string BadFreeDimension = "SER1302";

    /// <summary>Bounds names a value the model does not have, or a run gives more than the bound.</summary>
    public const string BoundExceeded = "SER1303";

    /// <summary>Inputs, Outputs, FixedInputs or SharedBuffers name what the model does not have, or cannot do.</summary>
    public const string BadCut = "SER1304";

    /// <summary>A range of sizes cannot be planned: a value has no formula in them, or there is no proof of its largest size.</summary>
    public const string RangeNotPlanned = "SER1305";

    /// <summary>Something inside the planner went against its own checks.</summary>
    public const string InternalCheckFailed = "SER1401";

    /// <summary>Outputs of the optimized model differ from the original's.</summary>
    public const string OutputsDiffer = "SER1501";

    /// <summary>ONNX Runtime executed another order than the schedule.</summary>
    public const string OrderDiffers = "SER1502";

    /// <summary>ONNX Runtime allocated another amount than the manifest says.</summary>
    public const string MemoryDiffers = "SER1503";

    /// <summary>The app references an ONNX Runtime that cannot run the plan in the memory it states.</summary>
    public const string RuntimeTooOld = "SER1504";

    /// <summary>A file cannot be read or written.</summary>
    public const string InputOutput = "SER1601";

    /// <summary>A memory manifest cannot be read.</summary>
    public const string BadManifest = "SER1602";

    /// <summary>The native ONNX Runtime cannot be loaded on this host.</summary>
    public const string RuntimeMissing = "SER1701";

    /// <summary>The child process that worked on a model crashed or hung.</summary>
    public const string RuntimeCrashed = "SER1702";

    /// <summary>The model takes more of its budget than WarnAt says.</summary>
    public const string NearBudget = "SER2001";

    /// <summary>The baseline has no figure of the model.</summary>
    public const string NotInBaseline = "SER2002";

    /// <summary>A process budget passes, and would not with all that the C library may keep of blocks that runs gave back.</summary>
    public const string ProcessMayGrow = "SER2003";

    /// <summary>Metadata of an item, or a property, that nothing reads.</summary>
    public const string UnreadName = "SER2101";

    /// <summary>A SerenityModel item that adds no model: a glob that finds none, a model that is there twice, an output of the package itself; or no item at all.</summary>
    public const string NoModel = "SER2102";

    /// <summary>A value that is an expression and came to nothing.</summary>
    public const string EmptyValue = "SER2103";

    /// <summary>The C headers of two models define the same names.</summary>
    public const string SameHeaderNames = "SER2104";

    /// <summary>The search limit struck; the peak is not proven optimal.</summary>
    public const string NotProven = "SER2401";

    /// <summary>The model was passed through unchanged.</summary>
    public const string PassedThrough = "SER2402";

    /// <summary>Fusion was not possible; the model is planned as it is.</summary>
    public const string NotFused = "SER2403";

    /// <summary>The model was saved for one kind of processor; its figures are those of the machine that builds.</summary>
    public const string HardwareBound = "SER2404";

    /// <summary>A model of float16 needs more than it would in float32.</summary>
    public const string WidenedAtRun = "SER2405";

    /// <summary>Verification was skipped or incomplete.</summary>
    public const string NotVerified = "SER2501";

    /// <summary>A memory budget passes that kernels' workspace is not in, since nothing measured it.</summary>
    public const string WorkspaceUnknown = "SER2502";

    /// <summary>The app references another ONNX Runtime than the plan was verified with, in which it may need more.</summary>
    public const string OtherRuntime = "SER2503";

    /// <summary>Loaded without the stated session options, the optimized model needs more than its source does.</summary>
    public const string MoreWithoutOptions = "SER2504";

    /// <summary>Loaded without the stated session options, a file in ONNX Runtime's own format is not executed as it was planned.</summary>
    public const string ChangedAtLoad = "SER2505";

    /// <summary>Inputs that the app fills up change the outputs for what was there before.</summary>
    public const string FillingMatters = "SER2506";

    /// <summary>The native ONNX Runtime cannot be loaded on this host; the model was planned by what its file states.</summary>
    public const string PlannedWithoutRuntime = "SER2701";
}
