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
    /// <summary>Of a larger model it takes too long to ask for the sizes of its values again and again, only to say more of an error.</summary>
    private const int MostNodes = 5000;

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
        ModelShapes most = End(space.Planned!), least = End(space.Least);
        RangedInputs inputs = RangedInputs.Write(model, request.FreeDimensions, request.Ranges, request.SizeFormulas, path);
        Dictionary<string, SizeExpression[]> formulas = SymbolicShapes.Of(model, most.Main, inputs.Dims, space);
        foreach (string value in Values(model.Graph))
        {
            if (!most.Main.Types.TryGetValue(value, out TensorType? type))
                continue;
            if (!formulas.TryGetValue(value, out SizeExpression[]? dims))
                throw RangeRefusal.NoFormula(model.Graph, value, type, formulas, space.Planned!, path);
            // Asked of ONNX Runtime at the other end, so that no rule of ours is believed alone.
            if (least.Main.Find(value) is not { } small || !Follows(small.Dims, dims, space.Least))
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
            return ShapeInference.Run(model, path, given, request.Bounds, known, cancellation);
        }

        ModelShapes End(IReadOnlyDictionary<string, long> sizes)
        {
            try
            {
                return At(sizes);
            }
            catch (SerenityException fault) when (Reason(fault) is { } reason)
            {
                throw RangeRefusal.DoesNotRun(sizes, reason, known is null && model.Graph.Node.Count <= MostNodes ? new FittingSizes(space, Runs).From(sizes) : null, path);
            }
        }

        bool Runs(IReadOnlyDictionary<string, long> sizes)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                // Of windows that all but fit none is inferred, and no kernel makes none.
                ModelShapes shapes = At(sizes);
                return !model.Graph.Node.Any(node => WindowFit.Obstacle(node, value => shapes.Main.Find(value)?.Dims) is not null);
            }
            catch (SerenityException)
            {
                return false;
            }
        }
    }

    /// <summary>Why a model does not run with some sizes, where it is the sizes that it does not run with.</summary>
    private static string? Reason(SerenityException fault) => fault is not { Code: SerenityCodes.BadFreeDimension, InnerException: { } cause } ? null
        : cause is Microsoft.ML.OnnxRuntime.OnnxRuntimeException refusal ? RuntimeMessage.Plain(refusal) : (cause as WindowException)?.Message;

    /// <summary>The subgraphs of a node, nested ones included.</summary>
    private static IEnumerable<SubgraphKey> Bodies(NodeProto node) =>
        ModelShapes.SubgraphsOf(node).SelectMany(body => body.Graph.Node.SelectMany(Bodies).Prepend(body.Key));

    private static bool Follows(long[] found, SizeExpression[] dims, IReadOnlyDictionary<string, long> sizes)
    {
        try
        {
            return found.AsSpan().SequenceEqual(Array.ConvertAll(dims, d => d.Evaluate(sizes)));
        }
        catch (OverflowException)
        {
            // It divides by a size that is 0 there.
            return false;
        }
    }

    /// <summary>Inputs, then what nodes make, in a topological order: the first that has no formula is the one to name.</summary>
    private static IEnumerable<string> Values(GraphProto graph) =>
        graph.Input.Select(i => i.Name).Concat(TopologicalOrder.Of(new GraphView(graph)).SelectMany(position => graph.Node[position].Output)).Where(name => name.Length > 0);
}
