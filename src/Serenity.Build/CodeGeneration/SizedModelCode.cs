using System.Globalization;
using Serenity.Build.Items;
using Serenity.Build.Options;

namespace Serenity.Build.CodeGeneration;

/// <summary>A dimension that a model was written for several sizes of.</summary>
/// <param name="Identifier">The parameter that it is in the generated code, beginning with a lower-case letter.</param>
/// <param name="Name">Its name in the model.</param>
public sealed record SizedDimensionCode(string Identifier, string Name);

/// <summary>One of the files.</summary>
/// <param name="Model">What is said of it as of any model.</param>
/// <param name="Sizes">The size of each dimension.</param>
/// <param name="InputShapes">The shape of each input; empty where it is not known.</param>
public sealed record SizedFileCode(ModelCode Model, IReadOnlyList<long> Sizes, IReadOnlyList<IReadOnlyList<long>> InputShapes);

/// <summary>An input or output of all the files.</summary>
/// <param name="Tensor">It, with -1 for a dimension that differs between files.</param>
/// <param name="Axes">For each axis the name of the dimension whose size it has in every file; empty text for one that has none.</param>
/// <param name="Padding">What a shorter input is filled with; null for nothing.</param>
public sealed record SizedTensorCode(TensorCode Tensor, IReadOnlyList<string> Axes, string? Padding);

/// <summary>What the generated code says of a model that was written as a file for each of several sizes.</summary>
/// <param name="Identifier">Name of its class or module.</param>
/// <param name="IsPublic">True to be seen by other assemblies.</param>
/// <param name="TargetPath">Where the model would lie if it were one file.</param>
/// <param name="Dimensions">The dimensions that have several sizes.</param>
/// <param name="Files">The files, the smallest first.</param>
/// <param name="Inputs">Inputs of all files.</param>
/// <param name="Outputs">Outputs of all files.</param>
public sealed record SizedModelCode(
    string Identifier, bool IsPublic, string TargetPath, IReadOnlyList<SizedDimensionCode> Dimensions, IReadOnlyList<SizedFileCode> Files, IReadOnlyList<SizedTensorCode> Inputs,
    IReadOnlyList<SizedTensorCode> Outputs)
{
    /// <summary>What the file that needs most needs.</summary>
    public long RequiredBytes => Files.Max(f => f.Model.RequiredBytes);

    /// <summary>True if a smaller input is filled up.</summary>
    public bool Pads => Inputs.Any(i => i.Padding is not null);

    /// <summary>True where Serenity.Runtime runs the files.</summary>
    public bool RunsInBlocks => Files.All(f => f.Model is { SessionOptions: not null, BlockBytes: not null });

    /// <summary>The sizes, as <c>seq=128; seq=256</c>.</summary>
    public string SizesText => string.Join("; ", Files.Select(f => SizeLists.TextOf(Dimensions.Select((d, i) => KeyValuePair.Create(d.Name, f.Sizes[i])))));

    /// <summary>The condition under which a file takes sizes, as code.</summary>
    /// <param name="file">Its place in <see cref="Files"/>.</param>
    /// <param name="parameter">A dimension's parameter as the language writes it.</param>
    /// <param name="equal">How it compares for equality.</param>
    /// <param name="and">How it joins conditions, with blanks.</param>
    public string Takes(int file, Func<SizedDimensionCode, string> parameter, string equal, string and) => string.Join(and, Dimensions.Select((d, i) =>
        string.Create(CultureInfo.InvariantCulture, $"{(Pads ? $"{parameter(d)} >= 0L{and}" : "")}{parameter(d)} {(Pads ? "<=" : equal)} {Files[file].Sizes[i]}L")));

    /// <summary>Where models in several sizes would lie if they were one file each.</summary>
    internal static IReadOnlyList<string> WholePaths(IReadOnlyList<ModelItem> models) => [.. models.Select(m => m.WholeTargetPath).Where(path => path.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>Those of a project.</summary>
    /// <param name="models">All of its models.</param>
    /// <param name="code">What is said of each, in the same order.</param>
    public static IReadOnlyList<SizedModelCode> Of(IReadOnlyList<ModelItem> models, IReadOnlyList<ModelCode> code)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(code);
        IReadOnlyList<string> wholes = WholePaths(models), names = ModelNames.Of([.. models.Select(m => m.TargetPath), .. wholes]);
        return [.. wholes.Select((whole, i) => Of(names[models.Count + i], whole, [.. models.Zip(code).Where(m => m.First.WholeTargetPath == whole)]))];
    }

    private static SizedModelCode Of(string identifier, string whole, IReadOnlyList<(ModelItem Item, ModelCode Code)> models)
    {
        ModelItem first = models[0].Item;
        // A list has two sizes at least, so what is the same in all files has none.
        string[] dimensions = [.. first.Request.FreeDimensions.Keys
            .Where(name => models.Any(m => m.Item.Request.FreeDimensions[name] != first.Request.FreeDimensions[name])).Order(StringComparer.Ordinal)];
        SizedFileCode[] files = [.. models.Select(m => new SizedFileCode(m.Code, [.. dimensions.Select(d => m.Item.Request.FreeDimensions[d])], [.. m.Code.Inputs.Select(input => input.Shape ?? [])]))
            .OrderBy(f => f.Model.RequiredBytes).ThenBy(f => f.Sizes.Aggregate(Int128.One, (product, size) => product * size)).ThenBy(f => f.Model.TargetPath, StringComparer.Ordinal)];
        IReadOnlyDictionary<string, string>? padding = first.Options.Get(ModelOptions.Pad);
        IReadOnlyList<string> identifiers = ModelNames.OfDimensions(dimensions);
        return new SizedModelCode(
            identifier, files[0].Model.IsPublic, whole, [.. dimensions.Select((name, i) => new SizedDimensionCode(identifiers[i], name))], files,
            Tensors(m => m.Inputs, padding), Tensors(m => m.Outputs, null));

        SizedTensorCode[] Tensors(Func<ModelCode, IReadOnlyList<TensorCode>> of, IReadOnlyDictionary<string, string>? values) => [.. of(files[0].Model).Select(tensor =>
        {
            IReadOnlyList<long>?[] shapes = [.. files.Select(f => of(f.Model).FirstOrDefault(t => t.Name == tensor.Name)?.Shape)];
            if (Array.Exists(shapes, s => s is null || s.Count != tensor.Shape?.Count))
                return new SizedTensorCode(tensor with { Shape = null }, [], values?.GetValueOrDefault(tensor.Name));
            IEnumerable<int> axes = Enumerable.Range(0, tensor.Shape!.Count);
            return new SizedTensorCode(
                tensor with { Shape = [.. axes.Select(axis => Array.TrueForAll(shapes, s => s![axis] == tensor.Shape[axis]) ? tensor.Shape[axis] : -1)] },
                [.. axes.Select(axis => dimensions.Where((_, d) => files.Select((f, i) => shapes[i]![axis] == f.Sizes[d]).All(same => same)).FirstOrDefault(""))],
                values?.GetValueOrDefault(tensor.Name));
        })];
    }
}
