using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes the bytes of a file, knowing nothing of what they are.</summary>
internal static class ByteMutation
{
    /// <summary>A changed copy.</summary>
    public static byte[] Apply(byte[] file, Corpus corpus, TestRandom random)
    {
        if (file.Length == 0)
            return [(byte)random.Next(256)];
        switch (random.Next(8))
        {
            case 0:
                return file[..random.Next(file.Length)];
            case 1:
                int from = random.Next(file.Length), count = Math.Min(random.Next(1, 65), file.Length - from);
                return [.. file[..from], .. file[(from + count)..]];
            case 2:
                int at = random.Next(file.Length);
                return [.. file[..at], .. file[at..Math.Min(file.Length, at + random.Next(1, 65))], .. file[at..]];
            case 3:
                // Concatenated messages are one message: fields of both.
                return [.. file, .. random.Pick(corpus.Seeds).Bytes];
            case 4:
                byte[] other = random.Pick(corpus.Seeds).Bytes;
                return [.. file[..random.Next(file.Length)], .. other[random.Next(other.Length + 1)..]];
            default:
                byte[] copy = (byte[])file.Clone();
                // Towards the beginning, where names and structure are, half of the time: the rest is weights.
                int reach = random.Chance(0.5) ? Math.Min(copy.Length, 300) : copy.Length;
                for (int flips = random.Next(1, 5); flips > 0; flips--)
                {
                    int i = random.Next(reach);
                    copy[i] = random.Chance(0.3) ? (byte)(copy[i] ^ (1 << random.Next(8))) : random.Chance(0.3) ? (byte)0xFF : (byte)random.Next(256);
                }
                return copy;
        }
    }
}
