namespace Serenity.Onnx.Operators;

/// <summary>The roles of an operator's inputs, by position. Inputs beyond those that are stated have the role of the last one.</summary>
internal sealed class InputRoles
{
    private readonly InputRole[] _roles;

    /// <summary>States the roles.</summary>
    /// <param name="roles">From the first input on; at least one.</param>
    public InputRoles(params InputRole[] roles)
    {
        ArgumentOutOfRangeException.ThrowIfZero(roles.Length);
        _roles = roles;
    }

    /// <summary>Operands, as many as there are.</summary>
    public static InputRoles AllData { get; } = new(InputRole.Data);

    /// <summary>The role of an input.</summary>
    public InputRole this[int input] => _roles[Math.Min(input, _roles.Length - 1)];

    /// <summary>The first input of a role, by position; -1 for none.</summary>
    public int PositionOf(InputRole role) => Array.IndexOf(_roles, role);

    /// <summary>All inputs of some roles, by position.</summary>
    public int[] PositionsOf(params InputRole[] roles) => [.. Enumerable.Range(0, _roles.Length).Where(i => roles.Contains(_roles[i]))];
}
