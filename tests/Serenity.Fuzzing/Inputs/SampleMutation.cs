using System.Globalization;
using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Makes files that verification takes inputs from, as NumPy and ONNX's conformance suite write them; some of them damaged.</summary>
/// <param name="corpus">For what damages files.</param>
/// <param name="random">Chooses.</param>
internal sealed class SampleMutation(Corpus corpus, TestRandom random)
{
    /// <summary>Where they are, below the project.</summary>
    public const string Folder = "models/samples";

    private const long MostElements = 4096;

    /// <summary>The files of one case, by path below the project, and the pattern that names them.</summary>
    /// <param name="model">The model; null where there is none.</param>
    public (IReadOnlyList<KeyValuePair<string, byte[]>> Files, string Pattern) Make(ModelProto? model)
    {
        ValueInfoProto[] inputs = model is null ? [] : [.. model.Graph.Input];
        List<KeyValuePair<string, byte[]>> files = [];
        bool isNumPy = random.Chance(0.6);
        if (isNumPy)
            files.Add(KeyValuePair.Create($"{Folder}/a.npz", Archive(inputs)));
        for (int i = 0; !isNumPy && i < inputs.Length; i++)
            files.Add(KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"{Folder}/input_{i}.pb"), Tensor(inputs[i]).ToByteArray()));
        for (int i = 0; i < files.Count; i++)
        {
            if (random.Chance(0.3))
                files[i] = KeyValuePair.Create(files[i].Key, ByteMutation.Apply(files[i].Value, corpus, random));
        }
        return (files, $"{Folder}/*.{(isNumPy ? "npz" : "pb")}");
    }

    private byte[] Archive(ValueInfoProto[] inputs)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ValueInfoProto input in inputs)
            {
                TensorProto tensor = Tensor(input);
                string type = (DataType)tensor.DataType switch { DataType.Int64 => "<i8", DataType.Int32 => "<i4", DataType.Double => "<f8", DataType.Bool => "|b1", DataType.Uint8 => "|u1", _ => "<f4" };
                if (random.Chance(0.1))
                    type = random.Pick(["<f4", ">f4", "|O", "<f2", "<U3", ""]);
                string shape = tensor.Dims.Count == 1 ? $"({tensor.Dims[0]},)" : $"({string.Join(", ", tensor.Dims)})";
                string header = $"{{'descr': '{type}', 'fortran_order': {(random.Chance(0.05) ? "True" : "False")}, 'shape': {shape}, }}".PadRight(117) + "\n";
                using Stream entry = archive.CreateEntry($"{(random.Chance(0.05) ? StrangeValues.Text(random) : input.Name)}.npy").Open();
                entry.Write([0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)header.Length), .. Encoding.Latin1.GetBytes(header), .. tensor.RawData.Span]);
            }
        }
        return stream.ToArray();
    }

    private TensorProto Tensor(ValueInfoProto input)
    {
        TensorProto tensor = new() { Name = input.Name, DataType = input.Type?.TensorType?.ElemType ?? (int)DataType.Float };
        long count = 1;
        foreach (TensorShapeProto.Types.Dimension dim in input.Type?.TensorType?.Shape?.Dim ?? [])
        {
            long size = random.Chance(0.03) ? StrangeValues.Number(random) : dim.DimParam.Length > 0 ? 2 : dim.DimValue;
            tensor.Dims.Add(size);
            count = size is >= 0 and <= MostElements && count <= MostElements ? count * size : 0;
        }
        int bytes = (DataType)tensor.DataType switch
        {
            DataType.Int64 or DataType.Double => 8,
            DataType.Bool or DataType.Uint8 or DataType.Int8 => 1,
            DataType.Float16 or DataType.Bfloat16 or DataType.Int16 => 2,
            _ => 4,
        };
        byte[] data = new byte[(int)Math.Min(count, MostElements) * bytes];
        for (int i = 0; i < data.Length; i++)
            data[i] = bytes == 1 || random.Chance(0.1) ? (byte)random.Next(2) : (byte)0;
        tensor.RawData = ByteString.CopyFrom(data);
        return tensor;
    }
}
