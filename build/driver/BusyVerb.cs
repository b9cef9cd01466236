namespace Serenity.Driver;

/// <summary>Takes one processor for as long as whoever started it wants, and no longer than it lives: the neighbour that a busy machine has.</summary>
internal static class BusyVerb
{
    /// <summary>The verb; for the driver itself, not for people.</summary>
    public const string Name = "be-busy";

    /// <summary>Counts until standard input ends.</summary>
    public static int Run()
    {
        // The other end of the pipe closes with the process that holds it, however that ends.
        Task<int> end = Task.Run(Console.In.Read);
        while (!end.IsCompleted)
            Thread.SpinWait(100_000);
        return 0;
    }
}
