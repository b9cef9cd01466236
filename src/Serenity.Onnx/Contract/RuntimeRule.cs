namespace Serenity.Onnx.Contract;

/// <summary>One thing that is taken for granted of ONNX Runtime, and the versions it was seen to hold for: from <see cref="Since"/> to <see cref="RuntimeRules.Tested"/>.</summary>
/// <param name="Name">Its name, as <see cref="RuntimeRules"/> has it.</param>
/// <param name="Since">The oldest version in which it was seen. Older ones may do the same, or were seen to do otherwise where the rule says so.</param>
/// <param name="HeldBy">The class of tests that fails when a version does otherwise.</param>
public sealed record RuntimeRule(string Name, Version Since, string HeldBy)
{
    /// <summary>True if the rule was seen to hold for a version.</summary>
    public bool HoldsFor(Version version) => version >= Since && version <= RuntimeRules.Tested;
}
