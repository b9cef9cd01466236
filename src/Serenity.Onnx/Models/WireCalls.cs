using System.Text;
using static Serenity.Onnx.Models.WireNodes;

namespace Serenity.Onnx.Models;

/// <summary>
/// The functions of a model, and who calls them, read from its bytes in time linear in them. ONNX Runtime puts a function's nodes in place of each call: one that calls itself would be inlined without
/// end, and thirty that call the next one twice come to a thousand million nodes.
/// </summary>
internal sealed class WireCalls
{
    private readonly Dictionary<(string Domain, string Name, string Overload), int> _ids = [];
    private readonly List<string> _names = [];

    // By function, and last the graph: nodes that call none, and how often each function is called.
    private readonly List<(long Nodes, Dictionary<int, long> Calls)> _bodies = [];

    /// <summary>What is wrong with the calls of a model: one that never ends, too many within one another, or too many nodes once they are inlined; null if nothing is.</summary>
    /// <param name="model">A whole model of few enough nodes.</param>
    public static string? Find(ReadOnlySpan<byte> model)
    {
        WireCalls calls = new();
        foreach (WireEntry entry in new WireFields(model))
        {
            if (entry is { IsDelimited: true, Number: ModelFunctions })
                calls.Define(entry.Value);
        }
        foreach (WireEntry entry in new WireFields(model))
        {
            if (entry is { IsDelimited: true, Number: ModelFunctions })
                calls._bodies.Add(calls.BodyOf(entry.Value, Function));
        }
        (long Nodes, Dictionary<int, long> Calls) graph = (0, []);
        foreach (WireEntry entry in new WireFields(model))
        {
            // A field that is there twice is merged.
            if (entry is { IsDelimited: true, Number: ModelGraph } && calls.BodyOf(entry.Value, Graph) is var part)
            {
                foreach ((int called, long times) in part.Calls)
                    graph.Calls[called] = graph.Calls.GetValueOrDefault(called) + times;
                graph.Nodes += part.Nodes;
            }
        }
        calls._bodies.Add(graph);
        return calls.Problem();
    }

    private void Define(ReadOnlySpan<byte> function)
    {
        (string Domain, string Name, string Overload) key = Key(function, FunctionDomain, FunctionName, FunctionOverload);
        // A second one of the same name is told later, with its name.
        _ids.TryAdd(key, _names.Count);
        _names.Add(key.Name);
    }

    private static (string Domain, string Name, string Overload) Key(ReadOnlySpan<byte> message, int domainField, int nameField, int overloadField)
    {
        string domain = "", name = "", overload = "";
        foreach (WireEntry entry in new WireFields(message))
        {
            if (!entry.IsDelimited)
                continue;
            if (entry.Number == domainField)
                domain = Encoding.UTF8.GetString(entry.Value);
            else if (entry.Number == nameField)
                name = Encoding.UTF8.GetString(entry.Value);
            else if (entry.Number == overloadField)
                overload = Encoding.UTF8.GetString(entry.Value);
        }
        return (domain, name, overload);
    }

    private (long Nodes, Dictionary<int, long> Calls) BodyOf(ReadOnlySpan<byte> message, string type)
    {
        Dictionary<int, long> calls = [];
        long nodes = 0;
        Walk(message, type);
        return (nodes, calls);

        void Walk(ReadOnlySpan<byte> within, string of)
        {
            foreach (WireEntry entry in new WireFields(within))
            {
                if (!entry.IsDelimited || PartOf(of, entry.Number) is not { } part)
                    continue;
                if (part == Node)
                {
                    if (_ids.TryGetValue(Key(entry.Value, NodeDomain, NodeType, NodeOverload), out int called))
                        calls[called] = calls.GetValueOrDefault(called) + 1;
                    else
                        nodes++;
                }
                Walk(entry.Value, part);
            }
        }
    }

    // Depth first over the calls: what a function calls is done before it is.
    private string? Problem()
    {
        const byte seen = 1, done = 2;
        byte[] state = new byte[_bodies.Count];
        long[] inlined = new long[_bodies.Count];
        int[] depth = new int[_bodies.Count];
        Stack<(int Body, bool Leaving)> open = new();
        for (int i = _bodies.Count - 1; i >= 0; i--)
            open.Push((i, false));
        while (open.TryPop(out (int Body, bool Leaving) at))
        {
            (long nodes, Dictionary<int, long> calls) = _bodies[at.Body];
            if (at.Leaving)
            {
                foreach ((int called, long times) in calls)
                {
                    // Neither factor is above what was accepted.
                    nodes += times * inlined[called];
                    depth[at.Body] = Math.Max(depth[at.Body], depth[called] + 1);
                }
                (state[at.Body], inlined[at.Body]) = (done, nodes);
                string what = at.Body < _names.Count ? $"function '{_names[at.Body]}'" : "its graph";
                if (nodes > WireLimits.MostNodes)
                    return $"{what} comes to more than the {WireLimits.MostNodes} nodes that are supported once its calls of functions are inlined";
                if (depth[at.Body] > WireLimits.DeepestCalls)
                    return $"in {what}, functions call functions more than {WireLimits.DeepestCalls} levels deep";
            }
            if (at.Leaving || state[at.Body] != 0)
                continue;
            state[at.Body] = seen;
            open.Push((at.Body, true));
            foreach (int called in calls.Keys)
            {
                if (state[called] == seen)
                    return $"function '{_names[called]}' calls itself, directly or through others";
                if (state[called] == 0)
                    open.Push((called, false));
            }
        }
        return null;
    }
}
