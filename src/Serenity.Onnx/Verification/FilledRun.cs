using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Runs a model on inputs as they are, and again on the same filled up to larger sizes, with the outputs cut back: a model that knows what is filling, by a mask or since no place reads another, gives
/// the same.
/// </summary>
internal static class FilledRun
{
    /// <summary>
    /// Part of an output's largest value that a difference may be: sums over more places are added up in another order, and what fills is masked by a large number and not by an infinite one.
    /// </summary>
    private const double Tolerance = 1e-3;

    /// <summary>What an output differs by.</summary>
    /// <param name="Output">Its name.</param>
    /// <param name="Difference">The largest difference of an element; infinite where one of the two is no finite number.</param>
    /// <param name="Largest">The largest magnitude of an element without filling.</param>
    public sealed record Finding(string Output, double Difference, double Largest)
    {
        /// <summary>The difference as a part of what the output is.</summary>
        public double Part => Difference == 0 ? 0 : Difference / Largest;
    }

    /// <summary>The output that differs most, as a part of what it is; null where none does, or nothing can be said.</summary>
    /// <param name="file">The model.</param>
    /// <param name="sizes">Sizes of its open dimensions.</param>
    /// <param name="from">The same for the shorter inputs.</param>
    /// <param name="values">What inputs are filled with.</param>
    /// <param name="cancellation">Ends the runs.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Finding? Find(
        LoadedModel file, IReadOnlyDictionary<string, long> sizes, IReadOnlyDictionary<string, long> from, IReadOnlyDictionary<string, string> values, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, shorter, filled;
            using (ModelSession session = Load(file, from, out ModelProto model))
            {
                SeededInputs seeded = new(model.Graph, session.Inputs);
                if (seeded.Unsupported is not null || !seeded.FitIn(RunLimits.Default.Bytes))
                    return null;
                inputs = [.. seeded.Create(InputCase.Uniform).Select(input => KeyValuePair.Create(input.Key, Given(input.Value, values.GetValueOrDefault(input.Key))))];
                shorter = session.Run(inputs, SourceAhead.LimitsOf(model), cancellation);
            }
            using (ModelSession session = Load(file, sizes, out ModelProto model))
            {
                List<KeyValuePair<string, RuntimeValue>> whole = [];
                foreach ((string name, RuntimeValue value) in inputs)
                {
                    if (Filled(value, session.Inputs[name].Dimensions, values.GetValueOrDefault(name)) is not { } made)
                        return null;
                    whole.Add(new(name, made));
                }
                filled = session.Run(whole, SourceAhead.LimitsOf(model), cancellation);
            }
            Finding? worst = null;
            foreach ((string name, RuntimeValue value) in shorter)
            {
                if (Compare(name, value, filled.First(f => f.Key == name).Value) is { Part: > Tolerance } finding && (worst is null || finding.Part > worst.Part))
                    worst = finding;
            }
            return worst;
        }
        catch (Exception e) when (e is SerenityException or RunLimitException or OverflowException)
        {
            // What a model does not run on is told of what it is run on for its own sake.
            return null;
        }
    }

    private static ModelSession Load(LoadedModel file, IReadOnlyDictionary<string, long> sizes, out ModelProto model)
    {
        model = file.Model.Clone();
        new FreeDimensionTable(file.Model, sizes, file.Path).ApplyTo(model);
        return ModelSession.Load(RunnableModel.Of(model, file.ExternalFolder, file.Path), observe: true);
    }

    // Every place of what is filled up counts: a mask that leaves all of them out would make anything the same.
    private static RuntimeValue Given(RuntimeValue value, string? filling)
    {
        if (filling is null || value is not RuntimeValue.Tensor tensor || tensor.Type is TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16 or TensorElementType.BFloat16)
            return value;
        return Element(tensor, filling is "1" or "true" ? "0" : "1") is { } element ? tensor with { Data = Repeated(element, tensor.Data.Length) } : value;
    }

    /// <summary>A value filled up at the end of each axis; null where that cannot be.</summary>
    private static RuntimeValue? Filled(RuntimeValue value, int[] dims, string? filling)
    {
        if (value is not RuntimeValue.Tensor tensor)
            return value;
        if (tensor.Dims.Length != dims.Length)
            return null;
        bool same = true;
        long[] whole = new long[dims.Length];
        for (int axis = 0; axis < dims.Length; axis++)
        {
            // One that no size was given for is as it was made up.
            whole[axis] = dims[axis] < 0 ? tensor.Dims[axis] : dims[axis];
            same &= whole[axis] == tensor.Dims[axis];
            if (whole[axis] < tensor.Dims[axis])
                return null;
        }
        if (same)
            return value;
        if (filling is null || Element(tensor, filling) is not { } element)
            return null;
        byte[] data = Repeated(element, checked((int)(whole.Aggregate((long)element.Length, (product, dim) => checked(product * dim)))));
        foreach ((long inner, long outer) in Rows(tensor.Dims, whole))
            tensor.Data.AsSpan((int)(inner * element.Length), (int)(tensor.Dims[^1] * element.Length)).CopyTo(data.AsSpan((int)(outer * element.Length)));
        return new RuntimeValue.Tensor(tensor.Type, whole, data);
    }

    private static Finding? Compare(string name, RuntimeValue shorter, RuntimeValue filled)
    {
        if (shorter is not RuntimeValue.Tensor { Type: TensorElementType.Float, Data.Length: > 0 } a || filled is not RuntimeValue.Tensor { Type: TensorElementType.Float } b)
            return null;
        if (a.Dims.Length != b.Dims.Length || a.Dims.Zip(b.Dims).Any(pair => pair.First > pair.Second))
            return null;
        ReadOnlySpan<float> was = MemoryMarshal.Cast<byte, float>(a.Data), now = MemoryMarshal.Cast<byte, float>(b.Data);
        double largest = 0, difference = 0;
        int row = a.Dims.Length == 0 ? 1 : (int)a.Dims[^1];
        foreach ((long inner, long outer) in Rows(a.Dims, b.Dims))
        {
            for (int i = 0; i < row; i++)
            {
                double one = was[(int)inner + i], other = now[(int)outer + i];
                // Two infinities of one sign, or no numbers both: their difference would be none.
                if (one.Equals(other))
                    largest = Math.Max(largest, double.IsFinite(one) ? Math.Abs(one) : 0);
                else if (!double.IsFinite(one) || !double.IsFinite(other))
                    difference = double.PositiveInfinity;
                else
                    (largest, difference) = (Math.Max(largest, Math.Abs(one)), Math.Max(difference, Math.Abs(one - other)));
            }
        }
        return new Finding(name, difference, largest);
    }

    /// <summary>Where each row along the last axis begins in a tensor, and in a larger one that it is a corner of, in elements.</summary>
    private static IEnumerable<(long Inner, long Outer)> Rows(long[] dims, long[] whole)
    {
        if (dims.Any(dim => dim == 0))
            yield break;
        long rows = 1;
        for (int axis = 0; axis < dims.Length - 1; axis++)
            rows *= dims[axis];
        for (long row = 0; row < rows; row++)
        {
            long rest = row, outer = 0, stride = dims.Length == 0 ? 1 : whole[^1];
            for (int axis = dims.Length - 2; axis >= 0; axis--)
            {
                outer += rest % dims[axis] * stride;
                rest /= dims[axis];
                stride *= whole[axis];
            }
            yield return (row * (dims.Length == 0 ? 1 : dims[^1]), outer);
        }
    }

    private static byte[]? Element(RuntimeValue.Tensor tensor, string text)
    {
        string number = text switch { "true" => "1", "false" => "0", _ => text };
        return FixedInputs.Bytes((TensorProto.Types.DataType)tensor.Type, number);
    }

    private static byte[] Repeated(byte[] element, int length)
    {
        byte[] data = new byte[length];
        for (int at = 0; at < length; at += element.Length)
            element.CopyTo(data, at);
        return data;
    }
}
