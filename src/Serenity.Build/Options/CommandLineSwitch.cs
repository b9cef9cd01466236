namespace Serenity.Build.Options;

/// <summary>How an option is written on the command line.</summary>
/// <param name="Name">With its dashes, such as <c>--rewrite</c>. A switch without a value turns the option to what is not its default.</param>
/// <param name="Alias">Short form, such as <c>-r</c>; null for none.</param>
/// <param name="ValueName">What the help calls the value; null for the option's own words.</param>
/// <param name="Repeats">True if it may be given several times, each with a part of the value.</param>
/// <param name="Help">What the help says, where that is not what a property page says of the option; null for the option's summary.</param>
public sealed record CommandLineSwitch(string Name, string? Alias = null, string? ValueName = null, bool Repeats = false, string? Help = null);
