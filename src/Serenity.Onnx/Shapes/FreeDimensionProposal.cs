using System.Globalization;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Sizes to propose for the dimensions that a model leaves open: of a realistic magnitude, told from names and places, and such that the
/// model works with all of them together.
/// </summary>
internal static class FreeDimensionProposal
{
    private enum Role { One, Sequence, Past, Total, Side, Channels }

    // The usual ones first; then smaller ones, for models with short tables of positions or few pixels.
    private static readonly (long Sequence, long Side)[] _scales =
        [(128, 256), (64, 224), (32, 512), (16, 640), (8, 128), (4, 64), (2, 32), (1, 1)];

    /// <summary>The first proposal that works; the first of all if none is seen to.</summary>
    /// <param name="free">The table; has dimensions that are unset.</param>
    /// <param name="works">Whether a model works with sizes, given for all dimensions that are unset.</param>
    /// <returns>Name and size of every unset dimension, in their order.</returns>
    public static IReadOnlyList<KeyValuePair<string, long>> Of(FreeDimensionTable free, Func<IReadOnlyDictionary<string, long>, bool> works)
    {
        (string Name, Role Role)[] asked = [.. free.Unset.Select(name => (name, RoleOf(name, free)))];
        bool hasPast = asked.Any(a => a.Role == Role.Past);
        KeyValuePair<string, long>[]? first = null;
        foreach ((long sequence, long side) in _scales)
        {
            KeyValuePair<string, long>[] proposal = [.. asked.Select(a => KeyValuePair.Create(a.Name, Size(a.Name, a.Role, hasPast, sequence, side)))];
            Agree(proposal, free);
            if (works(new Dictionary<string, long>(proposal, StringComparer.Ordinal)))
                return proposal;
            first ??= proposal;
        }
        KeyValuePair<string, long>[] ones = [.. asked.Select(a => KeyValuePair.Create(a.Name, 1L))];
        return works(new Dictionary<string, long>(ones, StringComparer.Ordinal)) ? ones : first!;
    }

    /// <summary>As it is written in an item.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, long>> sizes) =>
        NameList.Join(sizes.Select(s => string.Create(CultureInfo.InvariantCulture, $"{NameList.Quote(s.Key)}={s.Value}")));

    // A decoder's step: one token after those in the cache; together, and what an encoder made, as long as a sequence.
    private static long Size(string name, Role role, bool hasPast, long sequence, long side) => role switch
    {
        Role.Sequence => hasPast && !name.Contains("encoder", StringComparison.OrdinalIgnoreCase) ? 1 : sequence,
        Role.Past => Math.Max(1, sequence - 1),
        Role.Total => hasPast ? Math.Max(1, sequence - 1) + 1 : sequence,
        Role.Side => side,
        Role.Channels => 3,
        _ => 1,
    };

    /// <summary>A cache that is named for what an encoder gives, as <c>encoder_sequence_length_out</c>, is as long as a formula says that is.</summary>
    private static void Agree(KeyValuePair<string, long>[] proposal, FreeDimensionTable free)
    {
        Dictionary<string, long> sizes = new(proposal, StringComparer.Ordinal);
        for (int i = 0; i < proposal.Length; i++)
        {
            string name = proposal[i].Key;
            DimensionExpression? made = free.Dimensions.Select(d => d.Formula)
                .FirstOrDefault(f => f?.Symbols is { Count: 1 } symbols && symbols.First() is var symbol && name != symbol && name.StartsWith(symbol, StringComparison.Ordinal)
                    && name.EndsWith("out", StringComparison.Ordinal));
            if (made?.Evaluate(s => sizes.TryGetValue(s, out long size) ? size : null) is { } follows)
                proposal[i] = new(name, follows);
        }
    }

    private static Role RoleOf(string name, FreeDimensionTable free)
    {
        OpenDimension at = free.Dimensions.First(d => d.Asked.Contains(name));
        string lower = at.Name.Length > 0 ? name.ToLowerInvariant() : "";
        bool Says(params ReadOnlySpan<string> words)
        {
            foreach (string word in words)
            {
                if (lower.Contains(word, StringComparison.Ordinal))
                    return true;
            }
            return false;
        }
        TypeProto.Types.Tensor tensor = at.Input.Type.TensorType;
        int rank = tensor.Shape.Dim.Count;
        if (Says("batch") || lower is "n" or "b" or "bs")
            return Role.One;
        if (Says("past", "cache"))
            return Role.Past;
        if (Says("total", "kv_len"))
            return Role.Total;
        if (Says("height", "width", "side", "image") || lower is "h" or "w")
            return Role.Side;
        if (Says("channel") || lower is "c")
            return Role.Channels;
        if (Says("seq", "len", "token", "time", "frame", "phoneme", "text") || lower is "t" or "s" or "l")
            return Role.Sequence;
        if (at.Axis == 0)
            return Role.One;
        bool image = rank == 4 && (TensorProto.Types.DataType)tensor.ElemType is not (TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Int32);
        if (!image)
            return Role.Sequence;
        // Channels come first or last; where one of the two is fixed, the open ones are the sides.
        bool ChannelsOpen(int axis) => FreeDimensionTable.Fixed(tensor.Shape.Dim[axis]) is null;
        return at.Axis == 1 && ChannelsOpen(1) && ChannelsOpen(3) ? Role.Channels : Role.Side;
    }
}
