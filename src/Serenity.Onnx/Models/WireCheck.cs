using System.Text.Unicode;

namespace Serenity.Onnx.Models;

/// <summary>
/// Walks the bytes of a protobuf message before it is parsed, and finds what the parser would let pass or tell badly: text that is
/// not UTF-8 (the parser would replace it, and the file could not be written again as it was), a name with a null character in it, a cut in the middle, a field of
/// another type than the schema's, and nesting so deep that a recursive walk would end the process.
/// Bytes of unknown fields are only skipped.
/// </summary>
internal static class WireCheck
{
    /// <summary>Messages within messages; a subgraph within a subgraph takes three. Protobuf's own default is 100.</summary>
    public const int DeepestNesting = 400;

    /// <summary>
    /// Messages, texts and repeated byte strings of a file, at most. Each takes a hundred bytes and more once it is parsed, however few it takes in the file: a file of 20 MB
    /// can hold ten million of them. The largest models in use have some hundred thousand.
    /// </summary>
    public const int MostParts = 2_000_000;

    /// <summary>The first thing wrong, as a clause for an error message; null if there is none.</summary>
    /// <param name="bytes">A whole message.</param>
    /// <param name="type">Its type: <c>ModelProto</c> or a message within it.</param>
    public static string? Find(ReadOnlySpan<byte> bytes, string type = "ModelProto")
    {
        List<string> trail = [];
        int parts = 0;
        if (Walk(bytes, 0, type, 1, trail, ref parts) is not { } problem)
            return null;
        // The way in, outermost first; past a few levels it tells nothing more.
        trail.Reverse();
        string where = string.Join('.', trail.Count <= 12 ? trail : [.. trail.Take(12), "..."]);
        return where.Length == 0 ? problem : $"{problem} (in field '{where}')";
    }

    // Returns what is wrong, with the names of the fields that lead there in 'trail', innermost first.
    private static string? Walk(ReadOnlySpan<byte> bytes, long start, string type, int depth, List<string> trail, ref int parts)
    {
        if (depth > DeepestNesting)
            return $"messages are nested more than {DeepestNesting} levels deep";
        WireField[] fields = WireSchema.Messages[type];
        int at = 0, dimensions = 0;
        while (at < bytes.Length)
        {
            int tagAt = at;
            if (!Varint(bytes, ref at, out ulong tag) || tag > uint.MaxValue || tag >> 3 == 0)
                return Damaged(start + tagAt);
            int number = (int)(tag >> 3), wire = (int)(tag & 7);
            WireField field = number < fields.Length ? fields[number] : default;
            if (field.Kind != WireKind.Unknown && !Fits(field, wire))
                return Named(field, Damaged(start + tagAt), trail);
            // Shapes are worked with one by one, and in no good time if they are of any length. A packed one is a byte a number at least.
            if (field.Name is "dims" or "dim" && (dimensions += 1) > NativeHazards.MostDimensions)
                return Named(field, $"a shape has more than the {NativeHazards.MostDimensions} dimensions that are supported", trail);
            if (field.Kind is WireKind.Message or WireKind.Text or WireKind.Bytes && ++parts > MostParts)
                return Named(field, $"it has more than the {MostParts} messages and texts that are supported", trail);
            long length;
            switch (wire)
            {
                case 0:
                    if (!Varint(bytes, ref at, out _))
                        return Damaged(start + tagAt);
                    continue;
                case 1:
                    length = 8;
                    break;
                case 5:
                    length = 4;
                    break;
                case 2 when Varint(bytes, ref at, out ulong size) && size <= int.MaxValue:
                    length = (long)size;
                    break;
                default:
                    // Groups have not been written for twenty years; ONNX has none.
                    return Damaged(start + tagAt);
            }
            if (length > bytes.Length - at)
                return Named(field, $"at byte {start + at} it announces {length} bytes where {bytes.Length - at} are left, as if it had been cut short", trail);
            ReadOnlySpan<byte> value = bytes.Slice(at, (int)length);
            if (field.Name == "dims" && wire == 2 && length > 10 * NativeHazards.MostDimensions)
                return Named(field, $"a shape has more than the {NativeHazards.MostDimensions} dimensions that are supported", trail);
            if (field.Kind == WireKind.Text && !Utf8.IsValid(value))
                return Named(field, $"the text at byte {start + at} is not UTF-8, so it could not be kept", trail);
            // Native interfaces end a name there, and so take it for another one.
            if (field.Kind == WireKind.Text && field.Name is not ("doc_string" or "value") && value.Contains((byte)0))
                return Named(field, $"the name at byte {start + at} holds a null character", trail);
            if (field.Kind == WireKind.Message && Walk(value, start + at, field.Message!, depth + 1, trail, ref parts) is { } problem)
                return Named(field, problem, trail);
            at += (int)length;
        }
        return null;
    }

    private static bool Fits(WireField field, int wire) => field.Kind switch
    {
        WireKind.Varint => wire == 0 || (wire == 2 && field.IsRepeated),
        WireKind.Fixed32 => wire == 5 || (wire == 2 && field.IsRepeated),
        WireKind.Fixed64 => wire == 1 || (wire == 2 && field.IsRepeated),
        _ => wire == 2,
    };

    private static bool Varint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (at >= bytes.Length)
                return false;
            byte b = bytes[at++];
            if (shift < 64)
                value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return true;
        }
        return false;
    }

    private static string Damaged(long at) => $"byte {at} is not protobuf of a model";

    private static string Named(WireField field, string problem, List<string> trail)
    {
        if (field.Kind != WireKind.Unknown)
            trail.Add(field.Name);
        return problem;
    }
}
