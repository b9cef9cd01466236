using Serenity.Onnx.Contract;

namespace Serenity.Build.Manifest;

/// <summary>How the values of enumerations are written in a manifest.</summary>
internal static class ManifestNames
{
    private static readonly string[] _bases = ["planned", "measured", "bound", "estimated", "byRule", "unknown"], _layouts = ["portable", "blocked8", "blocked16"];

    /// <summary>"none", "pass", "fail".</summary>
    public static string Of(BudgetVerdict verdict) => verdict switch
    {
        BudgetVerdict.None => "none",
        BudgetVerdict.Pass => "pass",
        BudgetVerdict.Fail => "fail",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict)),
    };

    /// <summary>"input", "output", "activation".</summary>
    public static string Of(TensorRole role) => role switch
    {
        TensorRole.Input => "input",
        TensorRole.Output => "output",
        TensorRole.Activation => "activation",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    /// <summary>"OnnxRuntime", "StaticArena".</summary>
    public static string Of(Executor executor) => executor.Traits().Name;

    /// <summary>"rule", "stated", "declared".</summary>
    public static string Of(SizeOrigin origin) => origin switch
    {
        SizeOrigin.Rule or SizeOrigin.Known => "rule",
        SizeOrigin.Stated => "stated",
        SizeOrigin.Declared => "declared",
        _ => throw new ArgumentOutOfRangeException(nameof(origin)),
    };

    /// <summary>The origin of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static SizeOrigin OriginOf(string? name) => name switch
    {
        "rule" => SizeOrigin.Rule,
        "stated" => SizeOrigin.Stated,
        "declared" => SizeOrigin.Declared,
        _ => throw Unknown(name),
    };

    /// <summary>The verdict of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static BudgetVerdict VerdictOf(string? name) => name switch
    {
        "none" => BudgetVerdict.None,
        "pass" => BudgetVerdict.Pass,
        "fail" => BudgetVerdict.Fail,
        _ => throw Unknown(name),
    };

    /// <summary>The role of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static TensorRole RoleOf(string? name) => name switch
    {
        "input" => TensorRole.Input,
        "output" => TensorRole.Output,
        "activation" => TensorRole.Activation,
        _ => throw Unknown(name),
    };

    /// <summary>The executor of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static Executor ExecutorOf(string? name)
    {
        foreach (Executor executor in ExecutorTable.All)
        {
            if (executor.Traits().Name == name)
                return executor;
        }
        throw Unknown(name);
    }

    /// <summary>"planned", "measured", "bound", "estimated", "byRule", "unknown".</summary>
    public static string Of(FigureBasis basis) => _bases[(int)basis];

    /// <summary>The basis of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static FigureBasis BasisOf(string? name) => Array.IndexOf(_bases, name) is >= 0 and int index ? (FigureBasis)index : throw Unknown(name);

    /// <summary>"portable", "blocked8", "blocked16".</summary>
    public static string Of(PlanLayout layout) => _layouts[(int)layout];

    /// <summary>The layout of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static PlanLayout LayoutOf(string? name) => Array.IndexOf(_layouts, name) is >= 0 and int index ? (PlanLayout)index : throw Unknown(name);

    private static FormatException Unknown(string? name) => new($"'{name}' is not a value of a manifest.");
}
