using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// The dimensions that a model leaves open on its inputs, and the sizes given for them. A dimension with a name is set by the name; one
/// without (or with a negative size, as some exporters write it) by <c>INPUT:AXIS</c>, as in <c>image:0</c>, which works for named ones too.
/// </summary>
public sealed class FreeDimensionTable
{
    private readonly IReadOnlyDictionary<string, long> _sizes;
    private readonly List<string> _unset = [];

    /// <summary>Matches sizes with the model's open dimensions.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes by name.</param>
    /// <param name="path">The model's file, for the error.</param>
    /// <exception cref="SerenityException">SER1302: a name that the model does not have, or a size below 1.</exception>
    public FreeDimensionTable(ModelProto model, IReadOnlyDictionary<string, long> sizes, string? path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sizes);
        _sizes = sizes;
        List<string> open = [];
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in OpenInputs(model.Graph))
        {
            TensorShapeProto? shape = input.Type?.TensorType?.Shape;
            for (int axis = 0; axis < (shape?.Dim.Count ?? 0); axis++)
            {
                TensorShapeProto.Types.Dimension dim = shape!.Dim[axis];
                string byPlace = Place(input.Name, axis);
                if (Fixed(dim) is not null)
                    continue;
                string name = dim.DimParam.Length > 0 ? dim.DimParam : byPlace;
                known.Add(byPlace);
                if (known.Add(name) || name == byPlace)
                    open.Add(name);
                if (!sizes.ContainsKey(name) && !sizes.ContainsKey(byPlace) && !_unset.Contains(name))
                    _unset.Add(name);
            }
        }
        foreach ((string name, long size) in sizes.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            if (!known.Contains(name))
            {
                throw new SerenityException(SerenityCodes.BadFreeDimension, path, open.Count == 0
                    ? $"FreeDimensions sets '{name}', but all dimensions of the model's inputs have a fixed size. Remove it."
                    : $"FreeDimensions sets '{name}', which is no open dimension of the model's inputs. These are: {Joined(open)}.");
            }
            if (size < 1)
                throw new SerenityException(SerenityCodes.BadFreeDimension, path, string.Create(CultureInfo.InvariantCulture, $"FreeDimensions sets '{name}' to {size}; a size is 1 or more."));
        }
    }

    /// <summary>The sizes of dimensions that the model leaves open; those of other names are left out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes by name.</param>
    public static IReadOnlyDictionary<string, long> Applicable(ModelProto model, IReadOnlyDictionary<string, long> sizes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sizes);
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in OpenInputs(model.Graph))
        {
            TensorShapeProto? shape = input.Type?.TensorType?.Shape;
            for (int axis = 0; axis < (shape?.Dim.Count ?? 0); axis++)
            {
                if (Fixed(shape!.Dim[axis]) is not null)
                    continue;
                known.Add(Place(input.Name, axis));
                known.Add(shape.Dim[axis].DimParam);
            }
        }
        return new SortedDictionary<string, long>(sizes.Where(s => known.Contains(s.Key)).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>Open dimensions without a size, in the order of the inputs.</summary>
    public IReadOnlyList<string> Unset => _unset;

    /// <summary>What to write into FreeDimensions for the dimensions that are still open, as an example.</summary>
    internal string Example => string.Join(";", _unset.Take(6).Select(name => $"{name}=1"));

    /// <summary>The type of a graph input with the given sizes filled in; a dimension without a size stays as it is.</summary>
    public TypeProto Apply(ValueInfoProto input)
    {
        ArgumentNullException.ThrowIfNull(input);
        TypeProto type = input.Type?.Clone() ?? new TypeProto();
        for (int axis = 0; axis < (type.TensorType?.Shape?.Dim.Count ?? 0); axis++)
        {
            TensorShapeProto.Types.Dimension dim = type.TensorType!.Shape.Dim[axis];
            if (Fixed(dim) is not null)
                continue;
            if (_sizes.TryGetValue(Place(input.Name, axis), out long size) || (dim.DimParam.Length > 0 && _sizes.TryGetValue(dim.DimParam, out size)))
                dim.DimValue = size;
            else if (dim.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue)
                dim.ClearValue();
        }
        return type;
    }

    /// <summary>Writes the sizes into the inputs of a model. Changes the model.</summary>
    public void ApplyTo(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        foreach (ValueInfoProto input in OpenInputs(model.Graph))
            input.Type = Apply(input);
    }

    internal static long? Fixed(TensorShapeProto.Types.Dimension dim) =>
        dim.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue && dim.DimValue >= 0 ? dim.DimValue : null;

    private static IEnumerable<ValueInfoProto> OpenInputs(GraphProto graph)
    {
        HashSet<string> initializers = new(graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        return graph.Input.Where(input => !initializers.Contains(input.Name));
    }

    private static string Place(string input, int axis) => string.Create(CultureInfo.InvariantCulture, $"{input}:{axis}");

    private static string Joined(List<string> names) => string.Join(", ", names.Distinct(StringComparer.Ordinal).Take(12).Select(n => $"'{n}'"));
}
