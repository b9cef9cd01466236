namespace Serenity.Build.Results;

/// <summary>What a comparison found of a model.</summary>
public enum ComparedAs
{
    /// <summary>It is there before and after.</summary>
    Both,

    /// <summary>It was not there before.</summary>
    New,

    /// <summary>It is not there any more; the figures are those of before.</summary>
    Gone,
}
