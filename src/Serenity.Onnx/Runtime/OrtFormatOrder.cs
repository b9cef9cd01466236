using System.Buffers.Binary;
using System.Text;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// Makes an <c>.ort</c> file the same every time. ONNX Runtime writes one table of it in the order of a hash map, which begins at a random place: which inputs and outputs of each operator its
/// kernels are chosen by (<c>kernel_type_str_resolver</c> of onnxruntime/core/flatbuffers/schema/ort.fbs). That table is written anew in ordinal order behind all else, and its old place is left
/// blank.
/// </summary>
/// <remarks>A flatbuffer: tables point to fields through a vtable that lies before them, and to other objects by how far behind they are, so what is appended can be pointed to.</remarks>
internal sealed class OrtFormatOrder
{
    private const int ModelField = 1, ResolverField = 3, Alignment = 16;

    private readonly byte[] _file;
    private readonly List<(int Start, int End)> _objects = [];
    private readonly List<(int Start, int End)> _vtables = [];

    private OrtFormatOrder(byte[] file) => _file = file;

    /// <summary>The same content in the one order.</summary>
    /// <param name="file">Content of an <c>.ort</c> file.</param>
    /// <returns>The file as it is, if it has no such table or is laid out in another way than ONNX Runtime does.</returns>
    public static byte[] Apply(byte[] file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return new OrtFormatOrder(file).Rewritten() ?? file;
        }
        catch (ArgumentOutOfRangeException)
        {
            return file;
        }
    }

    private byte[]? Rewritten()
    {
        int root = Follow(0);
        if (Field(root, ResolverField) is not (> 0 and int pointer) || Field(root, ModelField) is not (> 0 and int model))
            return null;
        Entry[] operators = [.. Read(Follow(pointer)).OrderBy(o => o.Name, StringComparer.Ordinal)];
        int start = _objects.Min(o => o.Start), end = _objects.Max(o => o.End);
        // A vtable may be shared with the model's tables, and then lies there.
        start = _vtables.Where(v => v.Start < end).Select(v => v.Start).Append(start).Min();
        if (root < start ? root + TableBytes(root) > start : root < end || Follow(model) < end)
            return null;
        List<byte> result = [.. _file];
        for (int i = start; i < end; i++)
            result[i] = 0;
        while (result.Count % Alignment != 0)
            result.Add(0);
        int table = Write(result, operators);
        Point(result, pointer, table);
        return [.. result];
    }

    private List<Entry> Read(int resolver) => [.. Vector(Table(resolver), 0).Select(op => new Entry(Text(Table(op), 0), [.. Vector(op, 1)
        .Select(kernel => new Kernel(Text(Table(kernel), 0), [.. Vector(kernel, 1).Select(argument => (Kind: Byte(Table(argument), 0), Index: Number(argument, 1)))]))
        .OrderBy(kernel => kernel.Type, StringComparer.Ordinal)]))];

    /// <summary>Notes a table as one of ours.</summary>
    private int Table(int table)
    {
        int vtable = VTable(table);
        _objects.Add((table, table + TableBytes(table)));
        _vtables.Add((vtable, vtable + Short(vtable)));
        return table;
    }

    private IEnumerable<int> Vector(int table, int field)
    {
        if (Field(table, field) is not (> 0 and int at))
            yield break;
        int vector = Follow(at), count = Int(vector);
        _objects.Add((vector, vector + sizeof(int) + (count * sizeof(int))));
        for (int i = 0; i < count; i++)
            yield return Follow(vector + sizeof(int) + (i * sizeof(int)));
    }

    private string Text(int table, int field)
    {
        if (Field(table, field) is not (> 0 and int at))
            return "";
        int text = Follow(at), length = Int(text);
        _objects.Add((text, text + sizeof(int) + length + 1));
        return Encoding.UTF8.GetString(_file.AsSpan(text + sizeof(int), length));
    }

    private byte Byte(int table, int field) => Field(table, field) is > 0 and int at ? _file[at] : (byte)0;

    private int Number(int table, int field) => Field(table, field) is > 0 and int at ? Int(at) : 0;

    /// <summary>Where a field lies; 0 for one that is not there.</summary>
    private int Field(int table, int field)
    {
        int vtable = VTable(table), slot = vtable + 4 + (2 * field);
        int offset = slot < vtable + Short(vtable) ? Short(slot) : 0;
        return offset == 0 ? 0 : table + offset;
    }

    private int TableBytes(int table) => Short(VTable(table) + 2);

    private int VTable(int table) => table - Int(table);

    private int Follow(int pointer) => checked(pointer + Int(pointer));

    private int Int(int at) => BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(at, sizeof(int)));

    private int Short(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at, sizeof(ushort)));

    /// <summary>Appends the table.</summary>
    /// <returns>Where it begins.</returns>
    private static int Write(List<byte> to, Entry[] operators)
    {
        int one = WriteVTable(to, 8, 4), two = WriteVTable(to, 12, 4, 8), argument = WriteVTable(to, 12, 8, 4);
        int resolver = WriteTable(to, one, 8);
        int[] entries = WriteVector(to, resolver + 4, operators.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            int entry = WriteTable(to, two, 12);
            Point(to, entries[i], entry);
            WriteText(to, entry + 4, operators[i].Name);
            int[] kernels = WriteVector(to, entry + 8, operators[i].Kernels.Length);
            for (int k = 0; k < kernels.Length; k++)
            {
                Kernel kernel = operators[i].Kernels[k];
                int type = WriteTable(to, two, 12);
                Point(to, kernels[k], type);
                WriteText(to, type + 4, kernel.Type);
                int[] arguments = WriteVector(to, type + 8, kernel.Arguments.Length);
                for (int a = 0; a < arguments.Length; a++)
                {
                    int place = WriteTable(to, argument, 12);
                    Point(to, arguments[a], place);
                    to[place + 8] = kernel.Arguments[a].Kind;
                    Set(to, place + 4, kernel.Arguments[a].Index);
                }
            }
        }
        return resolver;
    }

    private static int WriteVTable(List<byte> to, int tableBytes, params ReadOnlySpan<int> fields)
    {
        int start = to.Count;
        to.AddRange([(byte)(4 + (2 * fields.Length)), 0, (byte)tableBytes, 0]);
        foreach (int field in fields)
            to.AddRange([(byte)field, 0]);
        Align(to);
        return start;
    }

    private static int WriteTable(List<byte> to, int vtable, int bytes)
    {
        int start = to.Count;
        to.AddRange(new byte[bytes]);
        Set(to, start, start - vtable);
        return start;
    }

    private static int[] WriteVector(List<byte> to, int pointer, int count)
    {
        int start = to.Count;
        Point(to, pointer, start);
        to.AddRange(new byte[sizeof(int) * (1 + count)]);
        Set(to, start, count);
        return [.. Enumerable.Range(1, count).Select(i => start + (sizeof(int) * i))];
    }

    private static void WriteText(List<byte> to, int pointer, string text)
    {
        int start = to.Count;
        Point(to, pointer, start);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        to.AddRange(new byte[sizeof(int)]);
        Set(to, start, bytes.Length);
        to.AddRange(bytes);
        to.Add(0);
        Align(to);
    }

    private static void Align(List<byte> to)
    {
        while (to.Count % sizeof(int) != 0)
            to.Add(0);
    }

    private static void Point(List<byte> to, int pointer, int target) => Set(to, pointer, target - pointer);

    private static void Set(List<byte> to, int at, int value)
    {
        for (int i = 0; i < sizeof(int); i++)
            to[at + i] = (byte)(value >> (8 * i));
    }

    private sealed record Entry(string Name, Kernel[] Kernels);

    private sealed record Kernel(string Type, (byte Kind, int Index)[] Arguments);
}
