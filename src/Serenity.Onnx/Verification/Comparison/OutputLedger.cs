using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// What all runs of a verification said of the outputs, to be judged together: how far off each slice was, which decisions came out differently, and
/// whether there was anything to compare at all.
/// </summary>
/// <param name="exact">True if outputs have to agree bit for bit; then each run was judged on its own, and only what could not be compared is noted.</param>
internal sealed class OutputLedger(bool exact)
{
    /// <summary>Of integers that come from numbers in some way that is not known, one in so many may differ.</summary>
    private const long DifferentInMany = 100;

    private readonly List<(InputCase Case, string Output, TensorElementType Type, ValueSlice[] Slices)> _slices = [];
    private readonly List<(InputCase Case, string Output, long[] Different, long Elements)> _integers = [];
    private readonly List<string> _outputs = [];
    private readonly HashSet<string> _compared = new(StringComparer.Ordinal);

    /// <summary>The first output of which no element of any run was a number to compare; null if there is none.</summary>
    public string? NeverCompared => _outputs.Find(output => !_compared.Contains(output));

    /// <summary>Notes one output of one run.</summary>
    public void Add(InputCase inputs, string output, RuntimeValue reference, RuntimeValue actual)
    {
        if (!_outputs.Contains(output))
            _outputs.Add(output);
        if (reference is not RuntimeValue.Tensor a || actual is not RuntimeValue.Tensor b || a.Data.Length == 0)
        {
            _compared.Add(output);
            return;
        }
        if (SeenTensor.Of(a) is not { } x || SeenTensor.Of(b) is not { } y)
        {
            _compared.Add(output);
            if (!exact && a.Type is not (TensorElementType.Int8 or TensorElementType.UInt8))
                AddIntegers(inputs, output, a, b);
            return;
        }
        if (!_compared.Contains(output) && HasNumber(x))
            _compared.Add(output);
        if (!exact && !a.Data.AsSpan().SequenceEqual(b.Data))
            _slices.Add((inputs, output, a.Type, ValueSlice.All(a.Dims, ValueSlice.Between(x, y))));
    }

    private bool HasNumber(SeenTensor tensor)
    {
        for (long i = 0; i < tensor.Count; i++)
        {
            if (exact ? !double.IsNaN(tensor[i]) : double.IsFinite(tensor[i]))
                return true;
        }
        return false;
    }

    /// <summary>What is wrong with all of it together, as the end of a sentence; null for nothing.</summary>
    /// <param name="yardstick">What a run of the source said of its own outputs; null where there was no such run.</param>
    public string? Fault(Func<InputCase, OutputYardstick?> yardstick)
    {
        foreach ((InputCase inputs, string output, TensorElementType type, ValueSlice[] slices) in _slices)
        {
            if (yardstick(inputs)?.Terms.GetValueOrDefault(output) is not { } terms || terms.Count != slices.Length)
                continue;
            for (int i = 0; i < slices.Length; i++)
            {
                double allowed = Math.Max(OutputComparison.Tolerance(type) * Math.Max(slices[i].Magnitude, terms[i]), SeenTensor.SmallestNormal(type));
                if (slices[i].Error > allowed)
                {
                    return string.Create(CultureInfo.InvariantCulture,
                        $"gives another result: output '{output}' is off by {slices[i].Error:E1} at element {slices[i].Worst}, in a slice of which more than {allowed:E1} is no rounding error: its terms are up to {Math.Max(slices[i].Magnitude, terms[i]):E1}");
                }
            }
        }
        foreach (IGrouping<string, (InputCase Case, string Output, long[] Different, long Elements)> output in _integers.GroupBy(i => i.Output, StringComparer.Ordinal))
        {
            long different = 0, elements = 0;
            bool decides = true;
            foreach ((InputCase inputs, string _, long[] indices, long count) in output)
            {
                bool[]? undecided = yardstick(inputs)?.Undecided.GetValueOrDefault(output.Key);
                bool known = undecided?.Length == count;
                decides &= known || indices.Length == 0;
                different += known ? indices.LongCount(i => !undecided![i]) : indices.Length;
                elements += count;
            }
            if (different > (decides ? 0 : elements / DifferentInMany))
                return $"decides otherwise: output '{output.Key}' differs in {different} of {Counted.Of(elements, "element")} of all runs, where what is compared for them is not as good as the same";
        }
        return null;
    }

    private void AddIntegers(InputCase inputs, string output, RuntimeValue.Tensor a, RuntimeValue.Tensor b)
    {
        int size = OutputComparison.ElementSize(a.Type);
        List<long> different = [];
        for (int i = 0; i + size <= a.Data.Length; i += size)
        {
            if (!a.Data.AsSpan(i, size).SequenceEqual(b.Data.AsSpan(i, size)))
                different.Add(i / size);
        }
        _integers.Add((inputs, output, [.. different], a.Data.Length / size));
    }
}
