using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Dimension = Serenity.Onnx.Schema.TensorShapeProto.Types.Dimension;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// The dimensions that a model leaves open on its inputs, and the sizes given for them. A dimension with a name is set by the name; one
/// without (or with a negative size, as some exporters write it) by <c>INPUT:AXIS</c>, as in <c>image:0</c>, which works for named ones too.
/// One whose name is a formula (<see cref="DimensionExpression"/>) follows from the sizes of the symbols in it, and tells the last of them.
/// Zero is a size: a cache is empty at the first step.
/// </summary>
internal sealed class FreeDimensionTable
{
    private readonly IReadOnlyDictionary<string, long> _given;
    private readonly List<OpenDimension> _open = [];
    private readonly Dictionary<string, long> _symbols = new(StringComparer.Ordinal);
    private readonly List<string> _unset = [];

    /// <summary>Matches sizes with the model's open dimensions.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes by name.</param>
    /// <param name="path">The model's file, for the error.</param>
    /// <exception cref="SerenityException">SER1302: a name that the model does not have, a size below 0, or sizes that contradict each other.</exception>
    public FreeDimensionTable(ModelProto model, IReadOnlyDictionary<string, long> sizes, string? path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sizes);
        _given = sizes;
        _open = Open(model.Graph);
        Throw([.. Faults(_open, sizes), .. Contradictions(_open, sizes, name => sizes[name].ToString(CultureInfo.InvariantCulture))], path);
        Solve();
        Throw([.. _open.Select(FormulaFault).OfType<MessageText>()], path);
        foreach (OpenDimension dimension in _open)
        {
            if (SizeOf(dimension) is not null)
                continue;
            foreach (string name in dimension.Asked)
            {
                if (!_symbols.ContainsKey(name) && !_unset.Contains(name))
                    _unset.Add(name);
            }
        }
    }

    /// <summary>What is wrong with names of dimensions, and with sizes below 0; a sentence or two for each.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes by name.</param>
    public static IReadOnlyList<MessageText> Faults(ModelProto model, IReadOnlyDictionary<string, long> sizes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sizes);
        return Faults(Open(model.Graph), sizes);
    }

    /// <summary>Dimensions that are given by name and by place, and not alike: a sentence or two for each.</summary>
    /// <param name="model">The model.</param>
    /// <param name="known">What is given, by name.</param>
    /// <param name="text">What is given under a name, as it was written.</param>
    public static IEnumerable<MessageText> Contradictions<T>(ModelProto model, IReadOnlyDictionary<string, T> known, Func<string, string> text)
        where T : IEquatable<T>
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(text);
        return Contradictions(Open(model.Graph), known, text);
    }

    /// <summary>Throws what is wrong, all of it in one error.</summary>
    /// <exception cref="SerenityException">SER1302: something is.</exception>
    public static void Throw(IReadOnlyList<MessageText> faults, string? path)
    {
        ArgumentNullException.ThrowIfNull(faults);
        if (faults.Count > 0)
            throw new SerenityException(SerenityCodes.BadFreeDimension, path, faults.Skip(1).Aggregate(new MessageText().Append(faults[0]), (all, fault) => all.Append(" ").Append(fault)));
    }

    /// <summary>The sizes of dimensions that the model leaves open; those of other names are left out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sizes">Sizes by name.</param>
    public static IReadOnlyDictionary<string, T> Applicable<T>(ModelProto model, IReadOnlyDictionary<string, T> sizes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sizes);
        HashSet<string> known = Names(Open(model.Graph));
        return new SortedDictionary<string, T>(sizes.Where(s => known.Contains(s.Key)).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>Open dimensions without a size, in the order of the inputs; of a formula the symbols that have none.</summary>
    public IReadOnlyList<string> Unset => _unset;

    /// <summary>Every open dimension, in the order of the inputs.</summary>
    internal IReadOnlyList<OpenDimension> Dimensions => _open;

    /// <summary>The type of a graph input with the given sizes filled in; a dimension without a size stays as it is.</summary>
    public TypeProto Apply(ValueInfoProto input)
    {
        ArgumentNullException.ThrowIfNull(input);
        TypeProto type = input.Type?.Clone() ?? new TypeProto();
        for (int axis = 0; axis < (type.TensorType?.Shape?.Dim.Count ?? 0); axis++)
        {
            Dimension dim = type.TensorType!.Shape.Dim[axis];
            if (Fixed(dim) is not null)
                continue;
            string place = Place(input.Name, axis);
            if ((_open.FirstOrDefault(d => d.Place == place) is { } open ? SizeOf(open) : Symbol(dim.DimParam)) is { } size)
                dim.DimValue = size;
            else if (dim.ValueCase == Dimension.ValueOneofCase.DimValue)
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

    internal static long? Fixed(Dimension dim) =>
        dim.ValueCase == Dimension.ValueOneofCase.DimValue && dim.DimValue >= 0 ? dim.DimValue : null;

    /// <summary>What is given by name, by the place of a dimension with that name, or by a formula that the name stands in.</summary>
    private void Solve()
    {
        foreach ((string name, long size) in _given)
            _symbols[name] = size;
        foreach (OpenDimension dimension in _open)
        {
            if (dimension.Name.Length > 0 && _given.TryGetValue(dimension.Place, out long size))
                _symbols.TryAdd(dimension.Name, size);
        }
        for (bool again = true; again;)
        {
            again = false;
            foreach (OpenDimension dimension in _open)
            {
                if (dimension.Formula is { } formula && SizeOf(dimension) is { } value && formula.Solve(value, Symbol) is { } found)
                    again |= _symbols.TryAdd(found.Symbol, found.Size);
            }
        }
    }

    private long? SizeOf(OpenDimension dimension) =>
        _given.TryGetValue(dimension.Place, out long size) ? size : Symbol(dimension.Name) ?? dimension.Formula?.Evaluate(Symbol);

    private long? Symbol(string name) => name.Length > 0 && _symbols.TryGetValue(name, out long size) ? size : null;

    private static List<MessageText> Faults(List<OpenDimension> open, IReadOnlyDictionary<string, long> sizes)
    {
        HashSet<string> known = Names(open);
        List<MessageText> faults = [];
        foreach ((string name, long size) in sizes.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            if (!known.Contains(name))
            {
                faults.Add(open.Count == 0
                    ? (MessageText)$"{ModelSetting.FreeDimensions} sets '{name}', but all dimensions of the model's inputs have a fixed size. Remove it."
                    : $"{ModelSetting.FreeDimensions} sets '{name}', which is no open dimension of the model's inputs.{NearestName.Among(name, [.. open.SelectMany(o => o.Asked).Distinct(StringComparer.Ordinal)])}");
            }
            else if (size < 0)
            {
                faults.Add($"{ModelSetting.FreeDimensions} sets '{name}' to {size}; a size is 0 or more.");
            }
        }
        return faults;
    }

    private static IEnumerable<MessageText> Contradictions<T>(List<OpenDimension> open, IReadOnlyDictionary<string, T> known, Func<string, string> text)
        where T : IEquatable<T>
    {
        foreach (OpenDimension dimension in open)
        {
            if (dimension.Name.Length > 0 && known.TryGetValue(dimension.Name, out T? named) && known.TryGetValue(dimension.Place, out T? placed) && !named.Equals(placed))
                yield return $"{ModelSetting.FreeDimensions} sets '{dimension.Name}' to {text(dimension.Name)} and '{dimension.Place}' to {text(dimension.Place)}, which are one dimension. Give its size once.";
        }
    }

    private MessageText? FormulaFault(OpenDimension dimension)
    {
        if (dimension.Formula is not { } formula || SizeOf(dimension) is not { } size || formula.Evaluate(Symbol) is not { } follows || follows == size)
            return null;
        string symbols = string.Join(", ", formula.Symbols.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s}={Symbol(s)}")));
        return $"{ModelSetting.FreeDimensions} sets '{dimension.Name}' to {size}, but it is {follows} with {symbols}. Leave it out: it follows from these.";
    }

    private static List<OpenDimension> Open(GraphProto graph)
    {
        List<(ValueInfoProto Input, int Axis, string Name)> dims = [];
        foreach (ValueInfoProto input in OpenInputs(graph))
        {
            TensorShapeProto? shape = input.Type?.TensorType?.Shape;
            for (int axis = 0; axis < (shape?.Dim.Count ?? 0); axis++)
            {
                if (Fixed(shape!.Dim[axis]) is null)
                    dims.Add((input, axis, shape.Dim[axis].DimParam));
            }
        }
        HashSet<string> names = new(dims.Select(d => d.Name), StringComparer.Ordinal);
        return [.. dims.Select(d => new OpenDimension(
            d.Input, d.Axis, Place(d.Input.Name, d.Axis), d.Name, d.Name.Length > 0 ? DimensionExpression.TryParse(d.Name, names) : null))];
    }

    private static HashSet<string> Names(List<OpenDimension> open)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (OpenDimension dimension in open)
        {
            names.Add(dimension.Place);
            names.UnionWith(dimension.Asked);
            if (dimension.Name.Length > 0)
                names.Add(dimension.Name);
        }
        return names;
    }

    private static IEnumerable<ValueInfoProto> OpenInputs(GraphProto graph)
    {
        HashSet<string> initializers = new(graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        return graph.Input.Where(input => !initializers.Contains(input.Name));
    }

    private static string Place(string input, int axis) => string.Create(CultureInfo.InvariantCulture, $"{input}:{axis}");
}

/// <summary>One dimension that a model leaves open.</summary>
/// <param name="Input">The input that has it.</param>
/// <param name="Axis">Where it stands in the input's shape.</param>
/// <param name="Place"><c>INPUT:AXIS</c>.</param>
/// <param name="Name">Its name; empty if it has none.</param>
/// <param name="Formula">What its name says it is computed from; null for a plain name.</param>
internal sealed record OpenDimension(ValueInfoProto Input, int Axis, string Place, string Name, DimensionExpression? Formula)
{
    /// <summary>The names by which its size is asked for.</summary>
    public IEnumerable<string> Asked => Formula is not null ? Formula.Symbols : Name.Length > 0 ? [Name] : [Place];
}
