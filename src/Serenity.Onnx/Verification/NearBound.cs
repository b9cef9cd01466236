using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Inputs on which a model whose sizes depend on data comes near its bounds, found by trying: kinds of values for all inputs, then for one
/// input after another.
/// </summary>
internal sealed class NearBound : IDisposable
{
    private const int MostTries = 40;
    private const long MostWork = 4_000_000_000;

    private readonly VerificationRequest _request;
    private readonly ShapeTable _shapes;
    private readonly ModelSession _session;
    private readonly string[] _varying;
    private int _tries;

    private NearBound(VerificationRequest request, ShapeTable shapes, string[] varying, ModelSession session) =>
        (_request, _shapes, _varying, _session) = (request, shapes, varying, session);

    /// <summary>Looks for inputs.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="seeded">The usual inputs.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <returns>The best found; null where no size depends on data, or the source runs on none of those tried.</returns>
    /// <exception cref="SerenityException">SER1303: a run gives more than was stated.</exception>
    public static IReadOnlyList<KeyValuePair<string, RuntimeValue>>? Find(VerificationRequest request, SeededInputs seeded, CancellationToken cancellation)
    {
        if (request.Shapes is not { Varies.Count: > 0 } shapes)
            return null;
        HashSet<string> made = new(request.Source.Graph.Node.SelectMany(n => n.Output), StringComparer.Ordinal);
        string[] varying = [.. request.Assumed.Where(a => a.Value.Others.Count > 0 && made.Contains(a.Key)).Select(a => a.Key).Order(StringComparer.Ordinal)];
        if (varying.Length == 0)
            return null;
        ModelProto probe = ModelCopy.WithNodes(request.Source, request.Source.Graph.Node);
        probe.Graph.Output.Clear();
        probe.Graph.Output.AddRange(varying.Select(name => new ValueInfoProto { Name = name }));
        using NearBound search = new(request, shapes, varying, ModelSession.Load(RunnableModel.Of(probe, request.ExternalFolder, request.File)));
        return search.Run(seeded, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private IReadOnlyList<KeyValuePair<string, RuntimeValue>>? Run(SeededInputs seeded, CancellationToken cancellation)
    {
        List<IReadOnlyList<KeyValuePair<string, RuntimeValue>>> kinds =
            [seeded.Create(InputCase.Uniform), seeded.Create(InputCase.Ones), seeded.Create(InputCase.Zeros)];
        foreach (double scale in (double[])[100, 1, 0.01])
        {
            kinds.Add(Scaled(kinds[0], (_, value) => scale * value));
            kinds.Add(Scaled(kinds[0], (index, _) => scale * index));
        }
        (double score, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? best) = (-1, null);
        foreach (IReadOnlyList<KeyValuePair<string, RuntimeValue>> kind in kinds)
            Try(kind, ordinary: kinds.IndexOf(kind) < 3);
        for (int input = 0; best is not null && best.Count > 1 && input < best.Count; input++)
        {
            foreach (IReadOnlyList<KeyValuePair<string, RuntimeValue>> kind in kinds)
                Try([.. best.Take(input), kind[input], .. best.Skip(input + 1)], ordinary: false);
        }
        return best;

        void Try(IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, bool ordinary)
        {
            cancellation.ThrowIfCancellationRequested();
            if (score >= 1 || _tries >= MostTries || (_tries > 0 && _tries * (double)_request.Work > MostWork))
                return;
            _tries++;
            if (Score(inputs, ordinary, cancellation) is { } found && found > score)
                (score, best) = (found, inputs);
        }
    }

    /// <summary>The mean share of the bounds that a run comes to; null if the source does not run on the inputs, or they ask for more than is stated.</summary>
    private double? Score(IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, bool ordinary, CancellationToken cancellation)
    {
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> outputs;
        try
        {
            outputs = _session.Run(inputs, _request.Limits, cancellation);
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            return null;
        }
        double sum = 0;
        foreach ((string name, RuntimeValue value) in outputs)
        {
            if (value is not RuntimeValue.Tensor tensor || _shapes.Find(name) is not { } type)
                continue;
            // Extreme data may go beyond what the item says of the app's. Ordinary data may not.
            if (!ordinary && CheckedSizes.IsBeyondStated(_request, name, tensor))
                return null;
            CheckedSizes.Hold(_request, name, tensor.Dims, type);
            sum += type.ElementCount == 0 ? 1 : tensor.Dims.Aggregate(1.0, (product, dim) => product * dim) / type.ElementCount;
        }
        return sum / _varying.Length;
    }

    private static IReadOnlyList<KeyValuePair<string, RuntimeValue>> Scaled(
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> values, Func<int, float, double> element)
    {
        return [.. values.Select(v => KeyValuePair.Create(v.Key, v.Value is RuntimeValue.Tensor { Type: TensorElementType.Float } tensor ? Of(tensor) : v.Value))];

        RuntimeValue Of(RuntimeValue.Tensor tensor)
        {
            byte[] data = [.. tensor.Data];
            Span<float> floats = MemoryMarshal.Cast<byte, float>(data.AsSpan());
            for (int i = 0; i < floats.Length; i++)
                floats[i] = (float)element(i, floats[i]);
            return tensor with { Data = data };
        }
    }
}
