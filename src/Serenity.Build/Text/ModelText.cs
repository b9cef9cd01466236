using System.Globalization;
using System.Text;

namespace Serenity.Build.Text;

/// <summary>
/// Makes a string that came out of a model file safe to show. Names in a model are free text: they may hold terminal escapes, line
/// breaks, or marks that turn the reading direction and so forge what a reader sees. Markup is not this type's concern: HTML and
/// terminal markup are escaped where they are written.
/// </summary>
public static class ModelText
{
    /// <summary>Shows control characters and direction marks as <c>\u001b</c>, and lone surrogates as U+FFFD.</summary>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int first = FirstUnsafe(text);
        if (first < 0)
            return text;
        StringBuilder clean = new(text.Length + 16);
        clean.Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                clean.Append(c).Append(text[++i]);
            else if (char.IsSurrogate(c))
                clean.Append('\uFFFD');
            else if (IsUnsafe(c))
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                clean.Append(c);
        }
        return clean.ToString();
    }

    /// <summary>Cleans as the other overload does, and with the middle left out where it is longer than <paramref name="limit"/> characters.</summary>
    /// <param name="text">The string.</param>
    /// <param name="limit">Most characters of the result; at least 8.</param>
    public static string Clean(string text, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 8);
        string clean = Clean(text);
        if (clean.Length <= limit)
            return clean;
        // The end says more than the start: exporters put the path of the module first.
        int head = limit / 3, tail = limit - head - 1;
        if (char.IsHighSurrogate(clean[head - 1]))
            head--;
        int from = clean.Length - tail;
        if (char.IsLowSurrogate(clean[from]))
            from++;
        return string.Concat(clean.AsSpan(0, head), "…", clean.AsSpan(from));
    }

    private static int FirstUnsafe(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (IsUnsafe(text[i]) || char.IsSurrogate(text[i]))
                return i;
        }
        return -1;
    }

    // Control characters; line and paragraph separators; marks, embeddings, overrides and isolates of direction; the byte order mark.
    private static bool IsUnsafe(char c) => char.IsControl(c)
        || c is '\u2028' or '\u2029' or '\u200e' or '\u200f' or '\u061c' or '\ufeff'
        || c is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069';
}
