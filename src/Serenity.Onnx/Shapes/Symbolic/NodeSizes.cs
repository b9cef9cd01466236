using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>The dimensions of a node's outputs as formulas, by operator, from the operators' definitions.</summary>
internal static class NodeSizes
{
    /// <summary>The rule of each operator; a shape that a rule cannot tell is null.</summary>
    private static readonly Dictionary<(string Domain, string Op), Func<SizedInputs, SizeExpression[]?[]>> _rules = Rules();

    /// <summary>Asks the rule of a node's operator.</summary>
    /// <returns>A shape for each output, in order, as far as there are rules; null for an operator without one.</returns>
    public static SizeExpression[]?[]? Of(SizedInputs inputs)
    {
        string domain = OperatorDomain.IsOnnx(inputs.Node.Domain) ? "" : inputs.Node.Domain;
        return _rules.TryGetValue((domain, inputs.Node.OpType), out Func<SizedInputs, SizeExpression[]?[]>? rule) ? rule(inputs) : ElementwiseSizes.ByKind(inputs);
    }

    private static Dictionary<(string Domain, string Op), Func<SizedInputs, SizeExpression[]?[]>> Rules()
    {
        Dictionary<(string, string), Func<SizedInputs, SizeExpression[]?[]>> rules = [];
        ElementwiseSizes.AddTo(Add);
        MovementSizes.AddTo(Add);
        ProductSizes.AddTo(Add);
        WindowSizes.AddTo(Add);
        return rules;

        void Add(string domain, Func<SizedInputs, SizeExpression[]?[]> rule, params ReadOnlySpan<string> operators)
        {
            foreach (string name in operators)
                rules.Add((domain, name), rule);
        }
    }
}

/// <summary>Adds the rule of some operators of a domain.</summary>
/// <param name="domain">Their domain; empty for ONNX's own.</param>
/// <param name="rule">Gives a shape for each output, null where it cannot tell.</param>
/// <param name="operators">Their names.</param>
internal delegate void AddRule(string domain, Func<SizedInputs, SizeExpression[]?[]> rule, params ReadOnlySpan<string> operators);
