using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Serenity.Fuzzing.Campaign;

/// <summary>
/// Watches which paths a process and its children write to, by tracing system calls (strace, on Linux). This sees what a listing
/// cannot: a file written anywhere on the machine, and one that is gone again.
/// </summary>
internal static partial class SystemCallTrace
{
    private const string Tracer = "strace";

    /// <summary>Has a process started under the tracer.</summary>
    public static void Wrap(ProcessStartInfo start, string file)
    {
        string program = start.FileName;
        start.FileName = Tracer;
        foreach (string argument in (string[])
            ["-f", "-qq", "-z", "-s", "4096", "-e", "trace=open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,mknod,mknodat,chmod,fchmodat,utimensat", "-o", file, program])
            start.ArgumentList.Add(argument);
    }

    /// <summary>Paths written to, made, moved or removed, that are outside some folders; distinct.</summary>
    /// <param name="file">The trace.</param>
    /// <param name="allowed">Beginnings of paths that may be written to.</param>
    public static IReadOnlyList<string> WrittenOutside(string file, IReadOnlyList<string> allowed)
    {
        SortedSet<string> outside = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(file))
        {
            bool opens = line.Contains(" open", StringComparison.Ordinal);
            if (opens && !Writes().IsMatch(line))
                continue;
            foreach (Match path in Path().Matches(line))
            {
                string name = path.Groups[1].Value;
                if (name.StartsWith('/') && !allowed.Any(a => name.StartsWith(a, StringComparison.Ordinal)))
                    outside.Add($"{line.Split('(')[0].Split(' ')[^1]} {name}");
            }
        }
        return [.. outside];
    }

    [GeneratedRegex("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")]
    private static partial Regex Writes();

    [GeneratedRegex("\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Path();
}
