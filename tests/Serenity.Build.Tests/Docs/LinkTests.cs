using System.Text.RegularExpressions;

namespace Serenity.Build.Tests.Docs;

/// <summary>Links in the documentation lead somewhere.</summary>
[TestClass]
public sealed partial class LinkTests
{
    [TestMethod]
    public void Every_relative_link_leads_to_a_file_and_its_heading()
    {
        List<string> dead = [];
        foreach (string page in Repository.Pages)
        {
            foreach (Match link in Link().Matches(Code().Replace(File.ReadAllText(page), "")))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://", StringComparison.Ordinal))
                    continue;
                string[] parts = target.Split('#', 2);
                string file = parts[0].Length == 0 ? page : Path.GetFullPath(parts[0], Path.GetDirectoryName(page)!);
                bool exists = File.Exists(file) || Directory.Exists(file);
                if (!exists || (parts.Length == 2 && !Headings(file).Contains(parts[1])))
                    dead.Add($"{Path.GetRelativePath(Repository.Root, page)}: {target}");
            }
        }
        Assert.IsEmpty(dead, string.Join('\n', dead));
    }

    [TestMethod]
    public void No_page_is_out_of_reach_from_the_readme()
    {
        HashSet<string> reached = [];
        Queue<string> next = new([Path.Combine(Repository.Root, "README.md")]);
        while (next.TryDequeue(out string? page))
        {
            if (!reached.Add(page) || !page.EndsWith(".md", StringComparison.Ordinal))
                continue;
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                string target = Path.GetFullPath(link.Groups[1].Value.Split('#')[0], Path.GetDirectoryName(page)!);
                if (File.Exists(target))
                    next.Enqueue(target);
                // A link to a folder shows its pages, as code hosts do.
                foreach (string inside in Directory.Exists(target) ? Directory.GetFiles(target, "*.md") : [])
                    next.Enqueue(inside);
            }
        }
        string[] lost = [.. Repository.Pages.Where(page => !reached.Contains(page)).Select(page => Path.GetRelativePath(Repository.Root, page))];
        Assert.IsEmpty(lost, "Link these from README.md or a page that it leads to:\n" + string.Join('\n', lost));
    }

    // The anchor that code hosts make of a heading.
    private static HashSet<string> Headings(string file) => [.. Heading().Matches(File.ReadAllText(file))
        .Select(heading => Regex.Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"```.*?```|`[^`\n]*`", RegexOptions.Singleline)]
    private static partial Regex Code();
}
