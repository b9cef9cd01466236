namespace Serenity.Onnx.Ort;

/// <summary>The operator domains that ONNX Runtime's CPU provider registers kernels in.</summary>
public static class OperatorDomain
{
    /// <summary>The standard's own domain, in its long spelling; files mostly write it as the empty string.</summary>
    public const string Onnx = "ai.onnx";

    /// <summary>ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>Operators on blocked layouts, made by ONNX Runtime's own layout optimization.</summary>
    public const string Nchwc = "com.microsoft.nchwc";

    /// <summary>Classical machine learning operators.</summary>
    public const string MachineLearning = "ai.onnx.ml";

    /// <summary>True for either spelling of the standard's domain.</summary>
    public static bool IsOnnx(string domain) => domain.Length == 0 || domain == Onnx;

    /// <summary>The domain in one spelling: "ai.onnx" for the empty string.</summary>
    public static string Normalize(string domain) => domain.Length == 0 ? Onnx : domain;
}
