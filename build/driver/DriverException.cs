namespace Serenity.Driver;

/// <summary>Ends the run with one message: what happened and what to do.</summary>
internal sealed class DriverException(string message) : Exception(message);
