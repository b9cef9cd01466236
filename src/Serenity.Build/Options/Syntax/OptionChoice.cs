namespace Serenity.Build.Options.Syntax;

/// <summary>One of the values that an option can have, where they can be counted.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Title">As a property page shows it.</param>
public sealed record OptionChoice(string Name, string Title);
