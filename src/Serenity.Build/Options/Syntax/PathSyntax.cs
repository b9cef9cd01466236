namespace Serenity.Build.Options.Syntax;

/// <summary>A path in the output folder; empty for none.</summary>
public sealed class PathSyntax() : TextSyntax("path");
