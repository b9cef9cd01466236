using System;
using System.IO;
using System.Text;

namespace Serenity.Runtime;

/// <summary>The lines of a plan file, as words. None of a plan is long, so that one that never ends is refused before it is in memory.</summary>
internal sealed class PlanLines
{
    /// <summary>Characters of a line, at most; four numbers and a name take about a hundred.</summary>
    public const int MostCharacters = 1000;

    private static readonly char[] _space = [' '];

    private readonly TextReader _reader;
    private readonly StringBuilder _line = new();
    private bool _returned;

    /// <summary>Reads from the beginning.</summary>
    public PlanLines(TextReader reader) => _reader = reader;

    /// <summary>Number of the line read last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>True once a line was too long; nothing is read after it.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The words of the next line; null at the end, and where a line is too long.</summary>
    public string[]? Next() => Line()?.Split(_space, StringSplitOptions.RemoveEmptyEntries);

    private string? Line()
    {
        Number++;
        _line.Clear();
        while (!TooLong)
        {
            int next = _reader.Read();
            bool ended = next is '\n' && _returned;
            _returned = next is '\r';
            if (ended)
                continue;
            if (next < 0)
                return _line.Length > 0 ? _line.ToString() : null;
            if (next is '\n' or '\r')
                return _line.ToString();
            _line.Append((char)next);
            TooLong = _line.Length > MostCharacters;
        }
        return null;
    }
}
