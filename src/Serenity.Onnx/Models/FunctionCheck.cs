using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// Holds a model's own functions to the rules of ONNX. What their calls come to is counted before the model is parsed (<see cref="WireCalls"/>).
/// </summary>
internal static class FunctionCheck
{
    /// <summary>Checks all functions of a model.</summary>
    /// <exception cref="SerenityException">SER1203: a function breaks a rule.</exception>
    public static void Check(ModelProto model, string? path)
    {
        Dictionary<(string, string, string), int> ids = [];
        for (int i = 0; i < model.Functions.Count; i++)
        {
            FunctionProto function = model.Functions[i];
            if (!ids.TryAdd((function.Domain, function.Name, function.Overload), i))
                throw GraphCheck.Invalid(path, $"function '{function.Name}' of domain '{function.Domain}' is defined twice");
        }
        foreach (FunctionProto function in model.Functions)
            CheckBody(function, path);
    }

    private static void CheckBody(FunctionProto function, string? path)
    {
        string where = $" in function '{function.Name}'";
        HashSet<string> defined = new(StringComparer.Ordinal);
        foreach (string input in function.Input)
        {
            if (!defined.Add(input))
                throw GraphCheck.Invalid(path, $"two inputs{where} have the name '{input}'");
        }
        GraphCheck.CheckDefinitions(function.Node, defined, where, path);
        GraphProto body = new();
        body.Node.AddRange(function.Node);
        foreach (NodeProto node in function.Node)
        {
            foreach (string read in node.Input.Concat(SubgraphCaptures.Of(node)))
            {
                if (read.Length > 0 && !defined.Contains(read))
                    throw GraphCheck.Invalid(path, $"{GraphCheck.Describe(node)}{where} reads '{read}', which nothing defines");
            }
        }
        foreach (string output in function.Output)
        {
            if (!defined.Contains(output))
                throw GraphCheck.Invalid(path, $"output '{output}'{where} is written by no node");
        }
        GraphCheck.CheckAcyclic(body, where, path);
    }
}
