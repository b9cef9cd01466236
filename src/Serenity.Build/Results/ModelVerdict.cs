namespace Serenity.Build.Results;

/// <summary>What became of a model.</summary>
public enum ModelVerdict
{
    /// <summary>It was held to nothing.</summary>
    None,

    /// <summary>It fits.</summary>
    Pass,

    /// <summary>It needs more than a budget or a baseline allows.</summary>
    Fail,

    /// <summary>There are no figures: something is wrong with it.</summary>
    Error,
}
