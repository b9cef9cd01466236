using System.Globalization;
using Google.Protobuf;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Inputs that have one value in an app, settled at build time: each becomes a constant, and an <c>If</c> that one of them decides becomes the branch it takes.
/// </summary>
internal static class FixedInputs
{
    private const int MostElements = 4096;

    /// <summary>Settles inputs.</summary>
    /// <param name="file">The model; not changed.</param>
    /// <param name="values">A value by input name: a number, true or false, or as many as the input has elements, with commas between.</param>
    /// <exception cref="SerenityException">SER1304: no such input, or no such value of it.</exception>
    public static LoadedModel Apply(LoadedModel file, IReadOnlyDictionary<string, string>? values)
    {
        if (values is not { Count: > 0 })
            return file;
        ModelProto model = ModelCopy.WithNodes(file.Model, file.Model.Graph.Node);
        HashSet<string> weights = new(model.Graph.Initializer.Select(t => t.Name), StringComparer.Ordinal);
        foreach ((string name, string text) in values.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            ValueInfoProto input = model.Graph.Input.FirstOrDefault(i => i.Name == name)
                ?? throw Bad(file.Path, $"{ModelSetting.FixedInputs} sets '{name}', which is no input of the model.{NearestName.Among(name, [.. model.Graph.Input.Select(i => i.Name)])}");
            TensorProto tensor = Tensor(input, text, file.Path);
            if (weights.Contains(name))
                model.Graph.Initializer.Remove(model.Graph.Initializer.First(t => t.Name == name));
            model.Graph.Initializer.Add(tensor);
            // Before version 4 every initializer is listed as an input too, and is constant all the same.
            if (model.IrVersion >= 4)
                model.Graph.Input.Remove(input);
        }
        return file with { Model = TakenBranches.Inline(model) };
    }

    private static TensorProto Tensor(ValueInfoProto input, string text, string path)
    {
        if (input.Type?.TensorType is not { ElemType: not 0 } type)
            throw Bad(path, $"{ModelSetting.FixedInputs} sets '{input.Name}', which is no tensor.");
        string[] elements = text.Split(',', StringSplitOptions.TrimEntries);
        List<long> dims = [];
        long known = 1;
        int open = 0;
        foreach (TensorShapeProto.Types.Dimension dim in type.Shape?.Dim ?? [])
        {
            long? size = FreeDimensionTable.Fixed(dim);
            known *= size ?? 1;
            open += size is null ? 1 : 0;
            dims.Add(size ?? -1);
        }
        // A shape that is not stated at all: a list, or a single number. One open dimension has what is left.
        if (type.Shape is null && elements.Length > 1)
            (dims, open) = ([-1], 1);
        for (int d = 0; d < dims.Count; d++)
        {
            if (dims[d] < 0)
                dims[d] = open == 1 && known > 0 ? elements.Length / known : 1;
        }
        long count = dims.Aggregate(1L, (product, dim) => product * dim);
        if (count > MostElements)
            throw Bad(path, $"{ModelSetting.FixedInputs} sets '{input.Name}', which has {Counted.Of(count, "element")}; it is for inputs of at most {MostElements}.");
        if (elements.Length == 1 && count != 1)
            elements = [.. Enumerable.Repeat(elements[0], (int)count)];
        if (elements.Length != count)
            throw Bad(path, $"{ModelSetting.FixedInputs} gives {Counted.Of(elements.Length, "element")} for input '{input.Name}', which has the shape [{string.Join(",", dims)}].");
        TensorProto tensor = new()
        {
            Name = input.Name,
            DataType = type.ElemType,
            RawData = ByteString.CopyFrom([.. elements.SelectMany(e => Bytes((DataType)type.ElemType, e) ??
            throw Bad(path, $"{ModelSetting.FixedInputs} gives '{e}' for input '{input.Name}', which is no {((DataType)type.ElemType).ToString().ToLowerInvariant()}."))])
        };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    /// <summary>One element, little endian; null if the text is no value of the type.</summary>
    internal static byte[]? Bytes(DataType type, string text)
    {
        if (type == DataType.Bool)
            return bool.TryParse(text, out bool truth) ? [truth ? (byte)1 : (byte)0] : text is "0" or "1" ? [(byte)(text[0] - '0')] : null;
        if (type is DataType.Float or DataType.Double or DataType.Float16)
        {
            return !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? null
                : type == DataType.Double ? BitConverter.GetBytes(number) : type == DataType.Float ? BitConverter.GetBytes((float)number) : BitConverter.GetBytes((Half)number);
        }
        if (type is not (DataType.Int8 or DataType.Uint8 or DataType.Int16 or DataType.Uint16 or DataType.Int32 or DataType.Uint32 or DataType.Int64 or DataType.Uint64)
            || !Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 whole))
            return null;
        int bits = TensorType.BitsPerElement(type);
        bool signed = type is DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64;
        Int128 least = signed ? -(Int128.One << (bits - 1)) : 0, most = (Int128.One << (signed ? bits - 1 : bits)) - 1;
        return whole < least || whole > most ? null : BitConverter.GetBytes(signed ? (long)whole : (long)(ulong)whole)[..(bits / 8)];
    }

    private static SerenityException Bad(string path, MessageText message) => new(SerenityCodes.BadCut, path, message);
}
