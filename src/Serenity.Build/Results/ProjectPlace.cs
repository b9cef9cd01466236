namespace Serenity.Build.Results;

/// <summary>Where something stands in a project's files.</summary>
/// <param name="File">Absolute path.</param>
/// <param name="Line">Line, from 1; 0 where it is not known.</param>
/// <param name="Column">Column, from 1; 0 where it is not known.</param>
public sealed record ProjectPlace(string File, int Line, int Column);
