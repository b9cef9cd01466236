using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>The operator domains that ONNX Runtime's CPU provider registers kernels in.</summary>
internal static class OperatorDomain
{
    /// <summary>The standard's own domain, in its long spelling; files mostly write it as the empty string.</summary>
    public const string Onnx = "ai.onnx";

    /// <summary>ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>Operators on blocked layouts, made by ONNX Runtime's own layout optimization.</summary>
    public const string Nchwc = "com.microsoft.nchwc";

    /// <summary>Operators on channels-last layouts, made by the same.</summary>
    public const string Nhwc = "com.ms.internal.nhwc";

    /// <summary>Classical machine learning operators.</summary>
    public const string MachineLearning = "ai.onnx.ml";

    /// <summary>True for either spelling of the standard's domain.</summary>
    public static bool IsOnnx(string domain) => domain.Length == 0 || domain == Onnx;

    /// <summary>
    /// True for a layout that ONNX Runtime chooses for the processor it runs on: the blocks of <see cref="Nchwc"/> have 8 channels on some and 16
    /// on others, and a model that was saved with one size fails to run with the other (<see cref="Contract.RuntimeRules.BlockedLayout"/>).
    /// </summary>
    public static bool IsHardwareBound(string domain) => domain is Nchwc or Nhwc;

    /// <summary>True for a domain that ONNX Runtime has kernels in; what is of another is a function that the model brings along.</summary>
    public static bool HasKernels(string domain) => IsOnnx(domain) || domain is Microsoft or MachineLearning || IsHardwareBound(domain);

    /// <summary>The version of the standard operator set that a model imports; 0 for none.</summary>
    public static long OpsetOf(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.OpsetImport.FirstOrDefault(import => IsOnnx(import.Domain))?.Version ?? 0;
    }

    /// <summary>The version of the standard operator set that a function imports; 0 for none.</summary>
    public static long OpsetOf(FunctionProto function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return function.OpsetImport.FirstOrDefault(import => IsOnnx(import.Domain))?.Version ?? 0;
    }

    /// <summary>The domain in one spelling: "ai.onnx" for the empty string.</summary>
    public static string Normalize(string domain) => domain.Length == 0 ? Onnx : domain;
}
