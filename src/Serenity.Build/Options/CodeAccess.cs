namespace Serenity.Build.Options;

/// <summary>Who sees the generated code of a model.</summary>
public enum CodeAccess
{
    /// <summary>The project's own assembly.</summary>
    Internal,

    /// <summary>Every assembly.</summary>
    Public,
}
