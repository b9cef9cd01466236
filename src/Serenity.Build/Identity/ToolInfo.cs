namespace Serenity.Build.Identity;

/// <summary>Name and version of the tool.</summary>
public sealed record ToolInfo(string Name, string Version);
