using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Holds each rewritten sum to what the source's own sum is good for, slice by slice. The source tells all values around it in a run; the rewritten nodes
/// run on these alone (<see cref="RewrittenParts"/>), so that a fault is told from those before it, however well a larger value or an ArgMax hides it at the outputs.
/// </summary>
/// <remarks>
/// The tolerance of a slice is a running bound in Wilkinson's sense (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3): the unit roundoff times
/// the partial sums that the source's run went through, times <see cref="Slack"/> times the root of the number of terms, since errors of one sign do not all meet. A
/// slice beyond it is not yet wrong: the source may be as far off itself, as where large terms cancel inside of one convolution. So single elements of it
/// are evaluated without rounding, and the rewritten sum may be <see cref="Slack"/> times as far from that as the source's.
/// </remarks>
internal sealed class PartVerifier : IDisposable
{
    /// <summary>How much worse than its running bound, or than the source, a rewritten sum may be.</summary>
    public const double Slack = 16;

    private const int JudgedSlices = 32, ElementsOfSlice = 16;

    private readonly RewrittenParts _parts;
    private readonly ModelSession _source, _rewritten;
    private readonly Func<string, SeenTensor?> _constants;
    private readonly OutputYardstick.Plan? _yardstick;
    private readonly RunLimits _limits;

    private PartVerifier(RewrittenParts parts, ModelSession source, ModelSession rewritten, Func<string, SeenTensor?> constants, OutputYardstick.Plan? yardstick, RunLimits limits) =>
        (_parts, _source, _rewritten, _constants, _yardstick, _limits) = (parts, source, rewritten, constants, yardstick, limits);

    /// <summary>What was wrong.</summary>
    /// <param name="Value">The value of the source that the rewritten sum does not give.</param>
    /// <param name="Text">What differs, as the end of a sentence that begins with the value.</param>
    public sealed record Fault(string Value, string Text);

    /// <summary>Inputs of the source, by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _source.Inputs;

    /// <summary>Loads the source, with what it has to tell as further outputs, and the rewritten parts.</summary>
    /// <param name="parts">What was rewritten.</param>
    /// <param name="request">What is verified.</param>
    /// <param name="measures">True to have the source say how far its outputs may be off, too.</param>
    /// <exception cref="Diagnostics.SerenityException">ONNX Runtime cannot load one of them.</exception>
    public static PartVerifier Load(RewrittenParts parts, VerificationRequest request, bool measures)
    {
        ModelProto start = request.Start!, telling = ModelCopy.WithNodes(start, start.Graph.Node);
        HashSet<string> outputs = [.. telling.Graph.Output.Select(o => o.Name)];
        OutputYardstick.Plan? yardstick = measures ? OutputYardstick.Of(telling.Graph, request.StartShapes!) : null;
        HashSet<string> made = [.. telling.Graph.Node.Where(n => !ConstantNode.Is(n)).SelectMany(n => n.Output)];
        telling.Graph.Output.AddRange(parts.Needed.Concat(yardstick?.Values.Where(made.Contains) ?? []).Where(outputs.Add).Select(name => new ValueInfoProto { Name = name }));
        ModelSession source = ModelSession.Load(
            RunnableModel.Of(telling, request.ExternalFolder, request.File), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: SourceAhead.MayRunLong(start));
        try
        {
            ModelSession rewritten = ModelSession.Load(
                RunnableModel.Of(parts.Model, request.ExternalFolder, request.File), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: SourceAhead.MayRunLong(parts.Model));
            return new PartVerifier(parts, source, rewritten, ConstantsOf(start.Graph, request.ExternalFolder), yardstick, request.Limits);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Runs both on some inputs and compares them.</summary>
    /// <param name="inputs">Inputs of the source.</param>
    /// <param name="cancellation">Ends the work at the next kernel.</param>
    /// <returns>All faults, in the order of the rewritten nodes, and what the source said of its outputs.</returns>
    public (IReadOnlyList<Fault> Faults, OutputYardstick? Yardstick) Check(IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        Dictionary<string, RuntimeValue> told = new(inputs, StringComparer.Ordinal);
        foreach ((string name, RuntimeValue value) in _source.Run(inputs, _limits, cancellation))
            told[name] = value;
        KeyValuePair<string, RuntimeValue>[] given = [.. _parts.Inputs.Select(name => KeyValuePair.Create(name, told[name]))];
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> results = _rewritten.Run(given, _limits, cancellation);

        Dictionary<string, SeenTensor> seen = new(StringComparer.Ordinal);
        foreach ((string name, RuntimeValue value) in told)
        {
            if (SeenTensor.Of(value) is { } tensor)
                seen[name] = tensor;
        }
        ExactSums exact = new(_parts.Replaced, _parts.Inputs.ToHashSet(StringComparer.Ordinal), seen, _constants);
        List<Fault> faults = [];
        foreach ((string name, RuntimeValue value) in results)
        {
            string source = _parts.Results[name];
            if (Judge(exact, seen, source, told[source], value) is { } text)
                faults.Add(new Fault(source, text));
        }
        OutputYardstick? yardstick = _yardstick?.Read(
            output => told.GetValueOrDefault(output) is RuntimeValue.Tensor { Dims: { } dims } ? dims.Aggregate(1L, (a, b) => a * b) : 0,
            value => seen.GetValueOrDefault(value) ?? _constants(value));
        return (faults, yardstick);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _source.Dispose();
        _rewritten.Dispose();
    }

    private static string? Judge(ExactSums exact, Dictionary<string, SeenTensor> seen, string name, RuntimeValue reference, RuntimeValue actual)
    {
        if (seen.GetValueOrDefault(name) is not { } source || SeenTensor.Of(actual) is not { } rewritten || source.Type != rewritten.Type || !source.Dims.AsSpan().SequenceEqual(rewritten.Dims))
            return OutputComparison.Compare(reference, actual, exact: true).Difference;
        if (reference is RuntimeValue.Tensor a && actual is RuntimeValue.Tensor b && a.Data.AsSpan().SequenceEqual(b.Data))
            return null;

        SeenTensor[] partial = [.. exact.PartialSums(name).Select(sum => seen[sum]).Where(s => s.Dims.AsSpan().SequenceEqual(source.Dims))];
        double[] sums = new double[source.Dims.Length == 0 ? 1 : source.Dims.Max()];
        ValueSlice.Measure between = ValueSlice.Between(source, rewritten);
        void Measure(long start, Span<double> errors, Span<double> magnitudes)
        {
            between(start, errors, magnitudes);
            foreach (SeenTensor sum in partial)
            {
                Span<double> of = sums.AsSpan(0, magnitudes.Length);
                sum.CopyTo(start, of);
                for (int i = 0; i < of.Length; i++)
                    magnitudes[i] += double.IsFinite(of[i]) ? Math.Abs(of[i]) : 0;
            }
        }
        double relative = Slack * Math.Sqrt(exact.Terms(name)) * SeenTensor.UnitRoundoff(source.Type), least = SeenTensor.SmallestNormal(source.Type), whole = 0;
        List<(ValueSlice Slice, double Bound)> beyond = [];
        foreach (ValueSlice slice in ValueSlice.All(source.Dims, Measure))
        {
            double bound = Math.Max(relative * slice.Magnitude, least);
            if (slice.Error > bound)
                beyond.Add((slice, bound));
            whole = Math.Max(whole, slice.Magnitude);
        }
        foreach ((ValueSlice slice, double bound) in beyond.OrderByDescending(s => s.Slice.Error / s.Bound).Take(JudgedSlices))
        {
            double ofSource = 0, ofRewritten = 0;
            bool known = exact.CanEvaluate(name);
            foreach (long element in known ? slice.Elements(ElementsOfSlice) : [])
            {
                double truth = exact.At(name, element);
                known &= double.IsFinite(truth);
                if (!known || !double.IsFinite(source[element]))
                    continue;
                ofSource = Math.Max(ofSource, Math.Abs(source[element] - truth));
                ofRewritten = Math.Max(ofRewritten, double.IsFinite(rewritten[element]) ? Math.Abs(rewritten[element] - truth) : double.PositiveInfinity);
            }
            // What cannot be evaluated is no sum of the kinds that rewrites take apart; it is held to its own size.
            if (known ? ofRewritten > Math.Max(bound, Slack * ofSource) : slice.Error > OutputComparison.Tolerance(source.Type) * whole)
                return Text(slice, source, rewritten, known ? ofSource : bound, known ? ofRewritten : slice.Error);
        }
        return null;
    }

    private static string Text(ValueSlice slice, SeenTensor x, SeenTensor y, double ofSource, double ofRewritten) => string.Create(CultureInfo.InvariantCulture,
        $"is {y[slice.Worst]:R} instead of {x[slice.Worst]:R} at element {slice.Worst}, where the source's sum is off by {ofSource:E1} and the rewritten one by {ofRewritten:E1}: terms cancel, and the other order loses what is left of them");

    private static Func<string, SeenTensor?> ConstantsOf(GraphProto graph, string? folder)
    {
        Dictionary<string, TensorProto> tensors = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            tensors[tensor.Name] = tensor;
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                tensors[node.Output[0]] = value;
        }
        // Data lies beside the model's file, whatever that is called.
        string path = Path.Combine(folder ?? "", "model.onnx");
        Dictionary<string, SeenTensor?> known = new(StringComparer.Ordinal);
        return name =>
        {
            if (!known.TryGetValue(name, out SeenTensor? tensor))
            {
                known[name] = tensor = tensors.TryGetValue(name, out TensorProto? proto) && SeenTensor.TypeOf(proto) is { } type
                    ? new SeenTensor(type, [.. proto.Dims], TensorData.IsExternal(proto) ? ExternalData.Read(proto, path) : TensorData.ToRaw(proto)) : null;
            }
            return tensor;
        };
    }
}
