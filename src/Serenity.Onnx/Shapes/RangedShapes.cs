using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes.Symbolic;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes;

/// <summary>Types and shapes of a model some of whose dimensions have a range of sizes: those at the largest, and a formula for all.</summary>
internal static class RangedShapes
{
    /// <summary>Finds them.</summary>
    /// <param name="model">A checked model whose nodes all have names of their own. Its inputs get the sizes that are fixed; what has a range stays open.</param>
    /// <param name="path">Absolute path of its file.</param>
    /// <param name="request">Sizes, ranges and bounds.</param>
    /// <param name="known">Shapes of the model that this one was made from; null for none.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="SerenityException">As <see cref="ShapeInference.Run(ModelProto, string, IReadOnlyDictionary{string, long}, CancellationToken)"/>; SER1305: a size has no formula.</exception>
    public static ModelShapes Run(ModelProto model, string path, OptimizeRequest request, ShapeTable? known, CancellationToken cancellation)
    {
        if (known is null)
            RangedInputs.Check(model, request.FreeDimensions, request.Ranges, request.SizeFormulas, path);
        SizeSpace space = new(request.Ranges) { Planned = request.PlannedAt };
        ModelShapes most = At(space.Planned!), least = At(space.Least);
        RangedInputs inputs = RangedInputs.Write(model, request.FreeDimensions, request.Ranges, request.SizeFormulas, path);
        Dictionary<string, SizeExpression[]> formulas = SymbolicShapes.Of(model, most.Main, inputs.Dims, space);
        foreach (string value in Values(model.Graph))
        {
            if (!most.Main.Types.TryGetValue(value, out TensorType? type))
                continue;
            if (!formulas.TryGetValue(value, out SizeExpression[]? dims))
                throw RangeRefusal.NoFormula(model.Graph, value, type, formulas, path);
            // Asked of ONNX Runtime at the other end, so that no rule of ours is believed alone.
            if (least.Main.Find(value) is not { } small || !small.Dims.AsSpan().SequenceEqual(Evaluated(dims, space.Least)))
                throw RangeRefusal.OtherSize(value, dims, least.Main.Find(value), space, path);
        }
        Dictionary<string, bool[]> varies = new(most.Main.Varies, StringComparer.Ordinal);
        Dictionary<string, SizeExpression[]> open = new(StringComparer.Ordinal);
        foreach ((string value, SizeExpression[] dims) in formulas)
        {
            if (Array.TrueForAll(dims, d => d.Constant is not null))
                continue;
            open.Add(value, dims);
            varies[value] = Array.ConvertAll(dims, d => d.Constant is null);
        }
        // What a body with open sizes in it allocates is not planned, but measured: it counts as its node's workspace.
        HashSet<SubgraphKey> openBodies = [.. model.Graph.Node.Where(n => n.Input.Concat(SubgraphCaptures.Of(n)).Any(open.ContainsKey)).SelectMany(Bodies)];
        Dictionary<SubgraphKey, ShapeTable> bodies = most.Subgraphs.Where(b => !openBodies.Contains(b.Key)).ToDictionary();
        return most with { Main = most.Main with { Varies = varies, Bodies = bodies, Formulas = new SizeFormulas(space, open, inputs.Names) }, Subgraphs = bodies };

        ModelShapes At(IReadOnlyDictionary<string, long> sizes)
        {
            Dictionary<string, long> all = new(request.FreeDimensions, StringComparer.Ordinal);
            foreach ((string name, long size) in sizes)
                all[name] = size;
            Dictionary<string, SizeExpression> constants = all.ToDictionary(s => s.Key, s => SizeExpression.Of(s.Value), StringComparer.Ordinal);
            RangedInputs.Follow(request.SizeFormulas, constants, path);
            foreach (string name in request.SizeFormulas.Keys)
                all[name] = constants[name].Constant!.Value;
            IReadOnlyDictionary<string, long> given = known is null ? all : FreeDimensionTable.Applicable(model, all);
            try
            {
                return ShapeInference.Run(model, path, given, request.Bounds, known, cancellation);
            }
            catch (SerenityException fault) when (fault is { Code: SerenityCodes.BadFreeDimension, InnerException: Microsoft.ML.OnnxRuntime.OnnxRuntimeException refusal })
            {
                throw RangeRefusal.DoesNotRun(sizes, RuntimeMessage.Plain(refusal), path);
            }
        }
    }

    /// <summary>The subgraphs of a node, nested ones included.</summary>
    private static IEnumerable<SubgraphKey> Bodies(NodeProto node) =>
        ModelShapes.SubgraphsOf(node).SelectMany(body => body.Graph.Node.SelectMany(Bodies).Prepend(body.Key));

    private static long[] Evaluated(SizeExpression[] dims, IReadOnlyDictionary<string, long> sizes) => Array.ConvertAll(dims, d => d.Evaluate(sizes));

    /// <summary>Inputs, then what nodes make, in a topological order: the first that has no formula is the one to name.</summary>
    private static IEnumerable<string> Values(GraphProto graph) =>
        graph.Input.Select(i => i.Name).Concat(TopologicalOrder.Of(new GraphView(graph)).SelectMany(position => graph.Node[position].Output)).Where(name => name.Length > 0);
}
