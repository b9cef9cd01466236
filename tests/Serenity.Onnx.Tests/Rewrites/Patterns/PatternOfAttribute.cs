namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>On a method that writes a random model around one place where a kind of rewrite applies (true), or where one of its preconditions fails (false).</summary>
/// <param name="kind">The rewrite's name.</param>
/// <param name="place">The place among all kinds, which the seeds go through in turn.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PatternOfAttribute(string kind, int place) : Attribute
{
    /// <summary>The rewrite's name.</summary>
    public string Kind { get; } = kind;

    /// <summary>The place among all kinds.</summary>
    public int Place { get; } = place;
}
