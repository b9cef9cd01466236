using System.Text;
using static Serenity.Onnx.Models.WireNodes;

namespace Serenity.Onnx.Models;

/// <summary>
/// The functions of a model, and who calls them, read from its bytes in time linear in them. ONNX Runtime puts a function's nodes in place of each call: one that calls itself would be inlined without
/// end, and thirty that call the next one twice come to a thousand million nodes. What nothing calls is put
/// nowhere, and may come to anything; only calls without end, or too many within one another, ONNX Runtime refuses there as well.
/// </summary>
internal sealed class WireCalls
{
    private const int None = -1;

    private readonly Dictionary<(string Domain, string Name, string Overload), int> _ids = [];
    private readonly List<(string Domain, string Name, string Overload)> _keys = [];

    // By domain and name: all functions of it, as one body that calls each once.
    private readonly Dictionary<(string Domain, string Name), int> _families = [];

    // First the functions.
    private readonly List<Body> _bodies = [];

    /// <summary>What is wrong with the calls of a model: one that never ends, too many within one another, or too many nodes once they are inlined; null if nothing is.</summary>
    /// <param name="model">A whole model of few enough nodes.</param>
    public static string? Find(ReadOnlySpan<byte> model)
    {
        WireCalls calls = new();
        List<(string Domain, string Name, string Overload)> keys = calls._keys;
        foreach (WireEntry entry in new WireFields(model))
        {
            if (entry is { IsDelimited: true, Number: ModelFunctions })
                keys.Add(Key(entry.Value, FunctionDomain, FunctionName, FunctionOverload));
        }
        foreach ((string Domain, string Name, string Overload) key in keys)
        {
            // A second one of the same name is told later, with its name.
            calls._ids.TryAdd(key, calls._bodies.Count);
            calls._bodies.Add(new Body($"function '{key.Name}'"));
        }
        for (int i = 0; i < keys.Count; i++)
        {
            if (calls._families.TryAdd((keys[i].Domain, keys[i].Name), calls._bodies.Count))
                calls._bodies.Add(new Body(calls._bodies[i].Name) { IsFamily = true });
            calls._bodies[calls._families[(keys[i].Domain, keys[i].Name)]].Calls[i] = 1;
        }
        Body graph = new("its graph");
        int root = calls._bodies.Count;
        calls._bodies.Add(graph);
        int function = 0;
        foreach (WireEntry entry in new WireFields(model))
        {
            if (entry is { IsDelimited: true, Number: ModelFunctions })
                calls.Walk(entry.Value, Function, calls._bodies[function], function++);
            // A field that is there twice is merged.
            else if (entry is { IsDelimited: true, Number: ModelGraph })
                calls.Walk(entry.Value, Graph, graph, None);
        }
        return calls.Problem(root);
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

    // ONNX Runtime goes by the name alone where it has no such overload.
    private int Called(ReadOnlySpan<byte> node)
    {
        (string Domain, string Name, string Overload) key = Key(node, NodeDomain, NodeType, NodeOverload);
        return _ids.TryGetValue(key, out int one) ? one : _families.TryGetValue((key.Domain, key.Name), out int all) ? all : None;
    }

    // 'called': the function that the attributes in the message are for, if they are for one.
    private void Walk(ReadOnlySpan<byte> message, string type, Body body, int called)
    {
        foreach (WireEntry entry in new WireFields(message))
        {
            if (!entry.IsDelimited || PartOf(type, entry.Number) is not { } part)
                continue;
            if (part == WireNodes.Attribute)
            {
                WalkAttribute(entry.Value, body, called);
                continue;
            }
            int calls = part == Node ? Called(entry.Value) : None;
            if (calls != None)
                body.Calls[calls] = body.Calls.GetValueOrDefault(calls) + 1;
            else if (part == Node)
                body.Nodes++;
            Walk(entry.Value, part, body, calls);
        }
    }

    private void WalkAttribute(ReadOnlySpan<byte> attribute, Body body, int called)
    {
        string name = "", reference = "";
        bool hasGraph = false;
        foreach (WireEntry entry in new WireFields(attribute))
        {
            if (!entry.IsDelimited)
                continue;
            if (entry.Number == AttributeName)
                name = Encoding.UTF8.GetString(entry.Value);
            else if (entry.Number == AttributeReference)
                reference = Encoding.UTF8.GetString(entry.Value);
            hasGraph |= entry.Number is AttributeGraph or AttributeGraphs;
        }
        if (reference.Length > 0)
            body.References.Add((reference, called, name));
        if (!hasGraph)
            return;
        Body at = body;
        if (called != None)
        {
            // As often as the function makes use of it.
            at = new Body(body.Name);
            body.Given.Add((called, name, _bodies.Count));
            _bodies.Add(at);
        }
        Walk(attribute, WireNodes.Attribute, at, None);
    }

    // Depth first over the calls: what a function calls is done before it is.
    private string? Problem(int graph)
    {
        const byte seen = 1, done = 2;
        byte[] state = new byte[_bodies.Count];
        Stack<(int Body, bool Leaving)> open = new();
        // First the graph: all that is begun when it is done is called by nothing.
        for (int i = _bodies.Count - 1; i >= 0; i--)
            open.Push((i, false));
        open.Push((graph, false));
        while (open.TryPop(out (int Body, bool Leaving) at))
        {
            Body body = _bodies[at.Body];
            if (at.Leaving)
            {
                Inline(body);
                state[at.Body] = done;
                if (state[graph] == done && at.Body != graph)
                    body.Nodes = Math.Min(body.Nodes, WireLimits.MostNodes);
                if (body.Nodes > WireLimits.MostNodes)
                    return $"{body.Name} comes to more than the {WireLimits.MostNodes} nodes that are supported once its calls of functions are inlined";
                if (body.Depth > WireLimits.DeepestCalls)
                    return $"in {body.Name}, functions call functions more than {WireLimits.DeepestCalls} levels deep";
            }
            if (at.Leaving || state[at.Body] != 0)
                continue;
            state[at.Body] = seen;
            open.Push((at.Body, true));
            foreach (int needed in body.Calls.Keys.Concat(body.Given.Select(g => g.Body)))
            {
                if (state[needed] == seen)
                    return $"{_bodies[needed].Name} calls itself, directly or through others";
                if (state[needed] == 0)
                    open.Push((needed, false));
            }
        }
        return null;
    }

    // Neither factor of a product is above what was accepted.
    private void Inline(Body body)
    {
        foreach ((int called, long times) in body.Calls)
        {
            Body function = _bodies[called];
            body.Nodes += times * function.Nodes;
            body.Depth = Math.Max(body.Depth, function.Depth + (called < _keys.Count ? 1 : 0));
            if (!body.IsFamily)
                continue;
            foreach ((string name, long uses) in function.Uses)
                body.Use(name, uses);
        }
        foreach ((string name, int called, string attribute) in body.References)
            body.Use(name, called == None ? 1 : _bodies[called].Uses.GetValueOrDefault(attribute));
        foreach ((int called, string attribute, int given) in body.Given)
        {
            long times = Math.Max(1, _bodies[called].Uses.GetValueOrDefault(attribute));
            body.Nodes += times * _bodies[given].Nodes;
            body.Depth = Math.Max(body.Depth, _bodies[given].Depth);
            foreach ((string name, long uses) in _bodies[given].Uses)
                body.Use(name, times * uses);
        }
        // A call is a node at first, even of a function with nothing in it.
        body.Nodes = Math.Max(1, body.Nodes);
    }

    // A function, all functions of a name, the graph, or graphs that a function is given in an attribute.
    private sealed class Body(string name)
    {
        public string Name { get; } = name;

        public bool IsFamily { get; init; }

        // Those that call no function; all, once the calls are inlined.
        public long Nodes { get; set; }

        public int Depth { get; set; }

        public Dictionary<int, long> Calls { get; } = [];

        // Attributes that refer to one of the function: its name, the function that it is handed on to, and the name there.
        public List<(string Name, int Called, string Attribute)> References { get; } = [];

        public List<(int Called, string Attribute, int Body)> Given { get; } = [];

        // How often each attribute of the function is made use of once its calls are inlined.
        public Dictionary<string, long> Uses { get; } = new(StringComparer.Ordinal);

        public void Use(string name, long times) => Uses[name] = Math.Min(Uses.GetValueOrDefault(name) + times, WireLimits.MostNodes + 1);
    }
}
