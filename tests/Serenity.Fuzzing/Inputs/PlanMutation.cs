using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Damages a plan file: bytes, as anything may be damaged; numbers and lines, as only a plan can be.</summary>
/// <param name="corpus">For what damages files.</param>
/// <param name="random">Chooses.</param>
internal sealed partial class PlanMutation(Corpus corpus, TestRandom random)
{
    /// <summary>A damaged copy, and how it was made in a word or two.</summary>
    public (byte[] Plan, string How) Apply(byte[] plan)
    {
        if (random.Chance(0.3))
            return (ByteMutation.Apply(plan, corpus, random), "bytes");
        string text = Encoding.UTF8.GetString(plan);
        List<string> how = [];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            bool isNumber = random.Chance(0.6);
            text = isNumber ? ChangeNumber(text) : ChangeLines([.. text.Split('\n')]);
            how.Add(isNumber ? "number" : "lines");
        }
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return random.Chance(0.1) ? (ByteMutation.Apply(bytes, corpus, random), string.Join(' ', how) + " bytes") : (bytes, string.Join(' ', how));
    }

    private string ChangeNumber(string text)
    {
        Match[] numbers = Numbers().Matches(text).ToArray();
        if (numbers.Length == 0)
            return text;
        // In the lines of blocks, where counts and sizes of all are, as often as in the many of allocations.
        Match[] ofBlocks = [.. numbers.Where(n => text.AsSpan(text.LastIndexOf('\n', n.Index) + 1).StartsWith("block"))];
        Match match = random.Pick(ofBlocks.Length > 0 && random.Chance(0.5) ? ofBlocks : numbers);
        _ = long.TryParse(match.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        string other = random.Next(6) switch
        {
            0 => (number + random.Pick([-64L, -1L, 1L, 64L])).ToString(CultureInfo.InvariantCulture),
            // What may well be another place, or another size.
            1 => (64L * random.Next((int)Math.Min((number / 64) + 2, int.MaxValue))).ToString(CultureInfo.InvariantCulture),
            2 => match.Value + random.Next(10).ToString(CultureInfo.InvariantCulture),
            3 => random.Pick(["+1", "0x10", "1e3", "1.0", "٣", "99999999999999999999", "10000000", "10000001", "256", "257", new string('9', 2000)]),
            4 => random.Pick(numbers).Value,
            _ => StrangeValues.Number(random).ToString(CultureInfo.InvariantCulture),
        };
        return text[..match.Index] + other + text[(match.Index + match.Length)..];
    }

    private string ChangeLines(List<string> lines)
    {
        int at = random.Next(lines.Count), other = random.Next(lines.Count);
        switch (random.Next(8))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
            case 2:
                lines.InsertRange(at, Enumerable.Repeat(lines[other], random.Pick([1, 2, 5000])));
                break;
            case 3:
                lines[at] = StrangeValues.Text(random);
                break;
            case 4:
                lines[at] += " " + StrangeValues.Text(random);
                break;
            case 5:
                lines.Insert(Math.Min(at, 2), random.Pick(["layout portable", "layout blocked8", "layout blocked16", "layout x", "layout", "prepack false", "prepack true", "prepack", ""]));
                break;
            case 6:
                // All of it once more: a second block for the same processor.
                lines.AddRange(lines[Math.Min(2, lines.Count)..]);
                break;
            default:
                lines[at] += new string(random.Pick([' ', '1', 'x', '\r']), random.Pick([1, 900, 1001, 3_000_000]));
                break;
        }
        return string.Join('\n', lines);
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
