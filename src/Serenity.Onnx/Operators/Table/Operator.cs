using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>
/// What is known of one operator, by its definition: the same for whoever runs it. What an executor makes of it (whether a kernel does work in place, what it takes
/// for itself) is the executor's to say.
/// </summary>
/// <param name="Domain">Its domain, in the short spelling: "" for the standard's own.</param>
/// <param name="Name">Its name.</param>
/// <param name="Since">The version of the domain's operator set from which on this holds.</param>
/// <param name="Kind">What kind of computation it is.</param>
internal sealed record Operator(string Domain, string Name, int Since, OperatorKind Kind)
{
    /// <summary>What is not in the table: nothing is known of it, and nothing done to it.</summary>
    public static Operator Unknown { get; } = new("", "", 1, OperatorKind.Other);

    /// <summary>What else holds of it.</summary>
    public OperatorTraits Traits { get; init; }

    /// <summary>What its inputs are.</summary>
    public InputRoles Roles { get; init; } = InputRoles.AllData;

    /// <summary>Whether it draws random numbers.</summary>
    public Randomness Randomness { get; init; }

    /// <summary>
    /// The region rule: which part of which input a part of the output needs. Null for a barrier: a part of its output needs all of the input, or nothing is known.
    /// </summary>
    public Func<RegionQuery, NodeRegion?>? Region { get; init; }

    /// <summary>Multiply-accumulates of a node; null for an operator without products, or where a dimension that they depend on is not known.</summary>
    public Func<NodeProto, Func<string, long[]?>, double?>? Products { get; init; }

    /// <summary>True for an operator that is in the table.</summary>
    public bool IsKnown => Name.Length > 0;

    /// <summary>True if all of some traits hold.</summary>
    public bool Has(OperatorTraits traits) => (Traits & traits) == traits;

    /// <summary>True for an operator of the standard's own domain.</summary>
    public bool IsStandard => IsKnown && Domain.Length == 0;
}
