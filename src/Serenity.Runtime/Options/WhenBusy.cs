namespace Serenity.Runtime;

/// <summary>What becomes of a run when as many go on as <see cref="PlannedSessionOptions.MaxConcurrency"/> allows.</summary>
public enum WhenBusy
{
    /// <summary>It waits until one of them is over.</summary>
    Wait,

    /// <summary>It throws <see cref="System.InvalidOperationException"/>.</summary>
    Throw,
}
