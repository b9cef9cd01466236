using System.Globalization;

namespace Serenity.Onnx.Isolation;

/// <summary>What ended a host.</summary>
internal enum HostEndCause
{
    /// <summary>It crashed, or ended itself without a word.</summary>
    Died,

    /// <summary>It was killed from outside, as systems do when memory runs short.</summary>
    Killed,

    /// <summary>It took too long or too much, and was ended for that.</summary>
    Limit,

    /// <summary>It said that it is done and left nothing: there was no room to write it.</summary>
    Silent,

    /// <summary>Its parent ended it, since nobody waits for a model any more that native code would not leave.</summary>
    TakenBack,
}

/// <summary>How a host ended.</summary>
/// <param name="Cause">What ended it.</param>
/// <param name="Words">The same as words that follow "the process".</param>
internal readonly record struct HostEnding(HostEndCause Cause, string Words)
{
    // 128 and SIGKILL: nothing in a process ends it so.
    private const int KilledCode = 137;

    /// <summary>It was asked and said that it is done, and gave nothing.</summary>
    public static HostEnding WithoutAnswer => new(HostEndCause.Silent, "ended without an answer");

    /// <summary>It did not answer in time.</summary>
    public static HostEnding TooLong => new(HostEndCause.Limit, "did not end");

    /// <summary>It started, and never said that it is up.</summary>
    public static HostEnding NotUp => new(HostEndCause.Died, "never came up");

    /// <summary>Nobody waits for it any more.</summary>
    public static HostEnding TakenBack => new(HostEndCause.TakenBack, "was ended");

    /// <summary>It ended by itself, or was killed.</summary>
    /// <param name="code">Its exit code.</param>
    public static HostEnding OfCode(int code) => new(
        code == KilledCode && !OperatingSystem.IsWindows() ? HostEndCause.Killed : HostEndCause.Died, string.Create(CultureInfo.InvariantCulture, $"ended with code {code}"));

    /// <summary>It took more than it may.</summary>
    /// <param name="what">What it took, as words that follow "the process".</param>
    public static HostEnding Exceeded(string what) => new(HostEndCause.Limit, what);
}
