using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>
/// Holds a model's own functions to the rules of ONNX. ONNX Runtime puts a function's nodes in place of each call: one that calls itself would be inlined without end, and thirty that call the
/// next one twice come to a thousand million nodes.
/// </summary>
internal static class FunctionCheck
{
    /// <summary>Functions that call one another, at most: exporters make one for each module within a module. ONNX Runtime never returns from chains of thousands (<see cref="Contract.RuntimeRules.FunctionChains"/>).</summary>
    public const int DeepestCalls = 100;

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

        // Depth first over the calls: 0 not seen, 1 open, 2 done. What a function calls is done before it is.
        int[] state = new int[model.Functions.Count];
        Inlined[] inlined = new Inlined[model.Functions.Count];
        Stack<(int Function, bool Leaving)> open = new();
        for (int i = model.Functions.Count - 1; i >= 0; i--)
            open.Push((i, false));
        while (open.TryPop(out (int Function, bool Leaving) at))
        {
            if (at.Leaving)
            {
                state[at.Function] = 2;
                inlined[at.Function] = Sum(model.Functions[at.Function].Node, ids, inlined);
                CheckSize(inlined[at.Function], $"function '{model.Functions[at.Function].Name}'", path);
            }
            if (at.Leaving || state[at.Function] == 2)
                continue;
            state[at.Function] = 1;
            open.Push((at.Function, true));
            foreach (NodeProto node in AllNodes(model.Functions[at.Function].Node))
            {
                if (!ids.TryGetValue((node.Domain, node.OpType, node.Overload), out int called))
                    continue;
                if (state[called] == 1)
                    throw GraphCheck.Invalid(path, $"function '{model.Functions[called].Name}' calls itself, directly or through others");
                if (state[called] == 0)
                    open.Push((called, false));
            }
        }
        CheckSize(Sum(model.Graph.Node, ids, inlined), "its graph", path);
    }

    /// <summary>What nodes come to once all calls are inlined.</summary>
    /// <param name="Nodes">How many there are; no more is counted than is refused.</param>
    /// <param name="Depth">The most calls within calls.</param>
    private readonly record struct Inlined(long Nodes, int Depth);

    private static Inlined Sum(IEnumerable<NodeProto> nodes, Dictionary<(string, string, string), int> ids, Inlined[] inlined)
    {
        long count = 0;
        int depth = 0;
        foreach (NodeProto node in AllNodes(nodes))
        {
            bool calls = ids.TryGetValue((node.Domain, node.OpType, node.Overload), out int called);
            count = Math.Min(count + (calls ? inlined[called].Nodes : 1), int.MaxValue);
            depth = calls ? Math.Max(depth, inlined[called].Depth + 1) : depth;
        }
        return new Inlined(count, depth);
    }

    private static void CheckSize(Inlined inlined, string what, string? path)
    {
        if (inlined.Nodes > GraphCheck.MostNodes)
            throw GraphCheck.Invalid(path, $"{what} comes to more than the {GraphCheck.MostNodes} nodes that are supported once its calls of functions are inlined");
        if (inlined.Depth > DeepestCalls)
            throw GraphCheck.Invalid(path, $"in {what}, functions call functions more than {DeepestCalls} levels deep");
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

    private static IEnumerable<NodeProto> AllNodes(IEnumerable<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            yield return node;
            foreach (GraphProto graph in SubgraphCaptures.SubgraphsOf(node))
            {
                foreach (NodeProto inner in AllNodes(graph.Node))
                    yield return inner;
            }
        }
    }
}
