using System.Globalization;
using System.Text;

namespace Serenity.Build.Header;

/// <summary>Names from a model, which may hold anything, as C identifiers, string literals and comments.</summary>
internal sealed class CNames
{
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Letters, digits and underscores, in upper case.</summary>
    public static string Upper(string text) => Identifier(text).ToUpperInvariant();

    /// <summary>Letters, digits and underscores, in lower case.</summary>
    public static string Lower(string text) => Identifier(text).ToLowerInvariant();

    /// <summary>The name, or with a number behind it if it was given out before.</summary>
    public string Unique(string name)
    {
        string unique = name;
        for (int number = 2; !_used.Add(unique); number++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{number}");
        return unique;
    }

    /// <summary>Text that cannot end a comment, nor the line.</summary>
    public static string Comment(string text)
    {
        StringBuilder safe = new();
        foreach (char c in text)
            safe.Append(c is < ' ' or > '~' ? '?' : c is '*' or '\\' ? '_' : c);
        return safe.ToString();
    }

    /// <summary>A string literal of the text's UTF-8 bytes.</summary>
    public static string Literal(string text)
    {
        StringBuilder literal = new("\"");
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            // Octal escapes end after three digits whatever follows, unlike hexadecimal ones; '?' could begin a trigraph.
            if (b is < 0x20 or > 0x7e or (byte)'"' or (byte)'\\' or (byte)'?')
                literal.Append('\\').Append((char)('0' + (b >> 6))).Append((char)('0' + (b >> 3 & 7))).Append((char)('0' + (b & 7)));
            else
                literal.Append((char)b);
        }
        return literal.Append('"').ToString();
    }

    private static string Identifier(string text)
    {
        StringBuilder name = new();
        foreach (char c in text)
        {
            bool plain = char.IsAsciiLetterOrDigit(c);
            // No leading and no double underscore: those belong to the compiler.
            if (plain)
                name.Append(c);
            else if (name.Length > 0 && name[^1] != '_')
                name.Append('_');
        }
        while (name.Length > 0 && name[^1] == '_')
            name.Length--;
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            name.Insert(0, "m");
        return name.ToString();
    }
}
