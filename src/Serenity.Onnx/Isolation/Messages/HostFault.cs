namespace Serenity.Onnx.Isolation.Messages;

/// <summary>An exception that nobody foresaw, on its way from the host to its parent, which tells it as if it had happened there.</summary>
/// <param name="Type">Name of its type, or of the cause that says more.</param>
/// <param name="Message">What it says.</param>
internal sealed record HostFault(string Type, string Message)
{
    /// <summary>Takes down an exception.</summary>
    public static HostFault Of(Exception problem)
    {
        // That a native library is missing is told by a cause deep inside.
        Exception at = problem;
        while (at.InnerException is not null && at is not (DllNotFoundException or BadImageFormatException or EntryPointNotFoundException))
            at = at.InnerException;
        Exception told = at is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException ? at : problem;
        return new HostFault(told.GetType().Name, told.Message);
    }

    /// <summary>An exception that says the same.</summary>
    public Exception ToException() => Type switch
    {
        nameof(DllNotFoundException) => new DllNotFoundException(Message),
        nameof(BadImageFormatException) => new BadImageFormatException(Message),
        nameof(EntryPointNotFoundException) => new EntryPointNotFoundException(Message),
        nameof(OutOfMemoryException) => new InsufficientMemoryException(Message),
        nameof(IOException) or nameof(FileNotFoundException) or nameof(DirectoryNotFoundException) => new IOException(Message),
        nameof(UnauthorizedAccessException) => new UnauthorizedAccessException(Message),
        _ => new InvalidOperationException($"{Type}: {Message}"),
    };
}
