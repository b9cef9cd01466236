namespace Serenity.Tool.Terminal;

/// <summary>What the process returns; scripts rely on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done, and nothing is over budget.</summary>
    public const int Ok = 0;

    /// <summary>Done, and the answer is no: over budget, or larger than what it was compared with.</summary>
    public const int No = 1;

    /// <summary>Not done: a file, a model or an option is wrong.</summary>
    public const int Error = 2;

    /// <summary>Ended by Ctrl+C; what a shell expects of SIGINT.</summary>
    public const int Cancelled = 130;
}
