using System.Text.RegularExpressions;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// Outputs that the app binds to the very buffer of an input, as a decoder's caches of full length are: ONNX Runtime allocates none for them. It checks neither that the kernel may write where it
/// reads, nor that nobody else reads there later, so both are seen to here.
/// </summary>
internal static partial class SharedBuffers
{
    /// <summary>The pairs that a request names.</summary>
    /// <param name="request">The request.</param>
    /// <param name="graph">The model's graph, for its inputs and outputs.</param>
    /// <param name="path">Its file, for errors.</param>
    /// <returns>The input by output.</returns>
    /// <exception cref="SerenityException">SER1304: a name or a pattern fits no input or output.</exception>
    public static IReadOnlyDictionary<string, string> Named(OptimizeRequest request, GraphProto graph, string path)
    {
        Dictionary<string, string> shared = new(StringComparer.Ordinal);
        HashSet<string> weights = new(graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        string[] inputs = [.. graph.Input.Select(i => i.Name).Where(name => !weights.Contains(name))], outputs = [.. graph.Output.Select(o => o.Name)];
        foreach ((string from, string to) in (request.SharedBuffers ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            foreach ((string input, string output) in Pairs(from, to, inputs, path))
            {
                if (!outputs.Contains(output, StringComparer.Ordinal))
                    throw Bad(path, $"{ModelSetting.SharedBuffers} names '{output}' for input '{input}', which is no output of the model.{NearestName.Among(output, outputs)}");
                if (shared.ContainsKey(output) || shared.ContainsValue(input))
                    throw Bad(path, $"{ModelSetting.SharedBuffers} has '{input}' and '{output}' share a buffer, and one of them shares another's already. A buffer is that of one input and one output.");
                shared.Add(output, input);
            }
        }
        return shared;
    }

    /// <summary>Why an output may not lie in its input's buffer, as a sentence with the pair; null if all may.</summary>
    /// <param name="graph">The graph that is executed.</param>
    /// <param name="shapes">Types and shapes of its values.</param>
    /// <param name="shared">The input by output.</param>
    public static string? Obstacle(GraphProto graph, ShapeTable shapes, IReadOnlyDictionary<string, string> shared)
    {
        foreach ((string output, string input) in shared.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Obstacle(graph, shapes, shared, input, output) is { } why)
                return $"output '{output}' cannot lie in the buffer of input '{input}': {why}";
        }
        return null;
    }

    /// <summary>Holds a model to what was asked of it.</summary>
    /// <exception cref="SerenityException">SER1304: a pair cannot share a buffer.</exception>
    public static ShapeTable Checked(GraphProto graph, ShapeTable shapes, IReadOnlyDictionary<string, string> shared, string path)
    {
        if (shared.Count == 0)
            return shapes;
        return Obstacle(graph, shapes, shared) is not { } why ? shapes with { Shared = shared }
            : throw Bad(path, $"{ModelSetting.SharedBuffers}: {why}. Leave the pair out, and both buffers count while a step runs; or export the model with a cache of its full length that is updated in place.");
    }

    /// <summary>Those pairs of which a run leaves elements as they were in the input, which it would not in a buffer of the output's own: the source is to be run in the same buffers.</summary>
    public static IReadOnlyDictionary<string, string> LeavingRest(GraphProto graph, IReadOnlyDictionary<string, string> shared) =>
        shared.Where(pair => graph.Node.Any(node => KernelRules.AppendsInPlace(node) && node.Output.Contains(pair.Key))).ToDictionary(StringComparer.Ordinal);

    private static string? Obstacle(GraphProto graph, ShapeTable shapes, IReadOnlyDictionary<string, string> shared, string input, string output)
    {
        if (graph.Node.FirstOrDefault(node => node.Output.Contains(output)) is not { } maker)
            return "no node makes it";
        if (shapes.Find(input) is not { } read || shapes.Find(output) is not { } written)
            return "one of them is no tensor of known size";
        if (!read.Equals(written) || !SameFormulas(shapes, input, output))
            return $"they have different sizes, {Text(shapes, input, read)} and {Text(shapes, output, written)}, and one buffer has one, which is a cache's full length";
        if (graph.Output.Any(o => o.Name == input))
            return "the input is an output itself";
        if (!Array.Exists(KernelRules.InPlaceIfBound(maker), place => At(maker.Output, place.Output) == output && At(maker.Input, place.Input) == input))
            return $"{GraphCheck.Describe(maker)} makes it, and does not work in the place of that input. GroupQueryAttention, TensorScatter, ScatterElements and ScatterND do";
        foreach (NodeProto node in graph.Node)
        {
            int reads = node.Input.Count(name => name == input) + (SubgraphCaptures.Of(node).Contains(input) ? 1 : 0);
            if (reads > (ReferenceEquals(node, maker) ? 1 : 0) && node.Kind() != OperatorKind.ShapeOf)
                return $"{GraphCheck.Describe(node)} reads the input {(ReferenceEquals(node, maker) ? "twice" : "too")}, and would find it written over";
        }
        // It appends in place to both of its caches, or to none.
        return KernelRules.AppendsInPlace(maker) && Array.FindIndex(KernelRules.InPlaceIfBound(maker), place => !Shares(maker, place, shared)) is >= 0 and int other
            ? $"{GraphCheck.Describe(maker)} appends in place to both of its caches or to none, and '{At(maker.Input, KernelRules.InPlaceIfBound(maker)[other].Input)}' and '{At(maker.Output, KernelRules.InPlaceIfBound(maker)[other].Output)}' do not share one" : null;
    }

    private static bool Shares(NodeProto node, BufferShare place, IReadOnlyDictionary<string, string> shared) =>
        At(node.Output, place.Output) is { } output && shared.TryGetValue(output, out string? input) && input == At(node.Input, place.Input);

    private static bool SameFormulas(ShapeTable shapes, string input, string output)
    {
        if (!shapes.IsForeseen(input) || !shapes.IsForeseen(output))
            return false;
        SizeExpression[]? read = shapes.Formulas?.Find(input), written = shapes.Formulas?.Find(output);
        return read is null || written is null ? read is null && written is null : read.SequenceEqual(written);
    }

    private static string Text(ShapeTable shapes, string name, TensorType type) =>
        $"{type.ElementType.ToString().ToLowerInvariant()}[{string.Join(",", shapes.Formulas?.Find(name)?.Select(dim => dim.ToString()) ?? type.Dims.Select(dim => FormattableString.Invariant($"{dim}")))}]";

    private static string? At(Google.Protobuf.Collections.RepeatedField<string> names, int position) => position >= 0 && position < names.Count && names[position].Length > 0 ? names[position] : null;

    /// <summary>The pairs that one entry names: itself, or for a pattern an input for each that fits, with what the output is called then.</summary>
    private static (string Input, string Output)[] Pairs(string from, string to, string[] inputs, string path)
    {
        int places = Place().Count(from);
        if (places != Place().Count(to))
            throw Bad(path, $"{ModelSetting.SharedBuffers} has '{from}={to}', in which one side has more places to fill (* or %d) than the other.");
        if (places == 0)
        {
            if (!inputs.Contains(from, StringComparer.Ordinal))
                throw Bad(path, $"{ModelSetting.SharedBuffers} names '{from}', which is no input of the model.{NearestName.Among(from, inputs)}");
            return [(from, to)];
        }
        Regex pattern = new("^" + Place().Replace(Regex.Escape(from.Replace('*', '\u0001')), place => place.Value == "%d" ? "([0-9]+)" : "(.+)") + "$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        (string Input, string Output)[] pairs =
        [
            .. inputs.Select(name => (name, match: pattern.Match(name))).Where(found => found.match.Success).Select(found =>
            {
                int next = 0;
                return (found.name, Place().Replace(to, _ => found.match.Groups[++next].Value));
            }),
        ];
        return pairs.Length > 0 ? pairs : throw Bad(path, $"{ModelSetting.SharedBuffers} has '{from}', which no input of the model fits.{NearestName.Among(from, inputs)}");
    }

    /// <summary>Where a pattern is filled: with anything, or as in ONNX Runtime GenAI's configuration with a number. The third is the first, escaped.</summary>
    [GeneratedRegex(@"\*|%d|\u0001", RegexOptions.CultureInvariant)]
    private static partial Regex Place();

    private static SerenityException Bad(string path, string what) => new(SerenityCodes.BadCut, path, what);
}
