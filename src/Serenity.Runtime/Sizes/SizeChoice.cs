using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Serenity.Runtime;

/// <summary>Which of several files takes inputs of some shapes, and what of the outputs then is the caller's.</summary>
/// <param name="dimensions">Names of the dimensions that the files differ in.</param>
/// <param name="models">The files, the smallest first.</param>
/// <param name="inputs">Inputs of the model.</param>
internal sealed class SizeChoice(IReadOnlyList<string> dimensions, IReadOnlyList<SizedModel> models, IReadOnlyList<SizedTensor> inputs)
{
    /// <summary>The first file that takes inputs of these shapes: all that are shorter can be padded, and nothing is longer.</summary>
    /// <param name="shapes">The shape of each input that is given, by name.</param>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">None does; says which sizes there are.</exception>
    public int Find(IReadOnlyDictionary<string, long[]> shapes)
    {
        _ = Given(shapes);
        for (int model = 0; model < models.Count; model++)
        {
            if (WhyNot(model, shapes) is null)
                return model;
        }
        // What stands in the way of the largest is what the caller can do something about.
        string why = WhyNot(models.Count - 1, shapes)!;
        throw new ArgumentException($"No file of the model takes these inputs: {why}. It was written for {Sizes()}.");
    }

    /// <summary>The size of each dimension that inputs of these shapes have; null for one that none has.</summary>
    /// <param name="shapes">The shape of each input that is given, by name.</param>
    /// <exception cref="ArgumentException">Two inputs have different sizes of one dimension, which padding would hide.</exception>
    public long?[] Given(IReadOnlyDictionary<string, long[]> shapes)
    {
        long?[] sizes = new long?[dimensions.Count];
        string?[] from = new string?[dimensions.Count];
        foreach (SizedTensor input in inputs)
        {
            if (!shapes.TryGetValue(input.Name, out long[]? shape))
                continue;
            for (int axis = 0; axis < input.Axes.Count && axis < shape.Length; axis++)
            {
                if (input.Axes[axis] is not { } name || IndexOf(name) is not (>= 0 and var d))
                    continue;
                if (sizes[d] is { } other && other != shape[axis])
                    throw new ArgumentException($"'{from[d]}' has {other} and '{input.Name}' has {shape[axis]} along {name}, which is one size in the model.");
                (sizes[d], from[d]) = (shape[axis], input.Name);
            }
        }
        return sizes;
    }

    private string? WhyNot(int model, IReadOnlyDictionary<string, long[]> shapes)
    {
        for (int i = 0; i < inputs.Count; i++)
        {
            IReadOnlyList<long> planned = models[model].InputShapes[i];
            if (!shapes.TryGetValue(inputs[i].Name, out long[]? shape) || planned.Count == 0 && inputs[i].Axes.Count == 0)
                continue;
            if (shape.Length != planned.Count)
                return $"'{inputs[i].Name}' has {shape.Length} dimensions, not {planned.Count}";
            for (int axis = 0; axis < shape.Length; axis++)
            {
                if (planned[axis] < 0 || shape[axis] == planned[axis])
                    continue;
                string what = $"'{inputs[i].Name}' is {Text(shape)}";
                if (shape[axis] > planned[axis] || !Differs(i, axis))
                    return $"{what}, and {Text(planned)} is the most";
                if (inputs[i].Padding is null)
                    return $"{what}, shorter than {Text(planned)}, and nothing says what to fill it with (Pad=\"{inputs[i].Name}=0\" on the SerenityModel item would)";
            }
        }
        return null;
    }

    // What is the same in all files is no size to choose by.
    private bool Differs(int input, int axis) => models.Any(m => m.InputShapes[input][axis] != models[0].InputShapes[input][axis]);

    private string Sizes() => string.Join("; ", models.Select(m => string.Join(", ", dimensions.Select((d, i) => $"{d}={m.Sizes[i].ToString(CultureInfo.InvariantCulture)}"))));

    private int IndexOf(string dimension)
    {
        for (int d = 0; d < dimensions.Count; d++)
        {
            if (dimensions[d] == dimension)
                return d;
        }
        return -1;
    }

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(",", shape.Select(s => s.ToString(CultureInfo.InvariantCulture)))}]";
}
