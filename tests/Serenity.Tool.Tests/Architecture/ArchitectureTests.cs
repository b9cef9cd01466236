using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>Code uses code the way docs/architecture.md says: projects and folders in one direction only.</summary>
[TestClass]
public sealed partial class ArchitectureTests
{
    /// <summary>How many uses of a pair a message names.</summary>
    private const int NamedUses = 5;

    public static IEnumerable<object[]> ProjectsWithRooms => [["Serenity.Planning"], ["Serenity.Onnx"], ["Serenity.Build"], ["Serenity.Runtime"], ["Serenity.Tool"]];

    [TestMethod]
    public void A_project_uses_only_those_that_it_may()
    {
        List<string> wrong = [];
        foreach (string project in RoomTable.Projects.Keys)
        {
            HashSet<string> allowed = Reach(project);
            wrong.AddRange(Told(CodeMap.Built.Uses.Where(use => use.From.Project == project && use.To.Project != project && !allowed.Contains(use.To.Project)), type => type.Project));
        }
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    [DynamicData(nameof(ProjectsWithRooms))]
    public void A_room_uses_only_rooms_above_it_in_its_table(string project)
    {
        string[] rooms = RoomTable.RoomsOf(project);
        IEnumerable<CodeUse> wrong = CodeMap.Built.Uses.Where(use => use.From.Project == project && use.To.Project == project
            && Array.IndexOf(rooms, use.From.Room) < Array.IndexOf(rooms, use.To.Room));
        string told = string.Join('\n', Told(wrong, type => type.Room));
        Assert.AreEqual("", told, told);
    }

    [TestMethod]
    [DynamicData(nameof(ProjectsWithRooms))]
    public void Every_room_is_in_the_table_once(string project)
    {
        string[] rooms = [.. CodeMap.Built.Types.Where(type => type.Project == project).Select(type => type.Room).Distinct().Order(StringComparer.Ordinal)];
        Assert.IsNotEmpty(rooms);
        CollectionAssert.AreEqual(rooms, RoomTable.RoomsOf(project).Order(StringComparer.Ordinal).ToArray(), string.Join(' ', rooms));
    }

    /// <summary>Whole folders too: the rooms of a folder never lie both above and below those of another.</summary>
    [TestMethod]
    [DynamicData(nameof(ProjectsWithRooms))]
    public void Rooms_of_a_folder_are_not_on_both_sides_of_another(string project)
    {
        HashSet<(string From, string To)> edges = [];
        Dictionary<(string From, string To), List<CodeUse>> uses = [];
        foreach (CodeUse use in CodeMap.Built.Uses.Where(use => use.From.Project == project && use.To.Project == project && use.From.Room != use.To.Room))
        {
            (string, string) pair = Branches(use.From.Room, use.To.Room);
            edges.Add(pair);
            if (!uses.TryGetValue(pair, out List<CodeUse>? list))
                uses.Add(pair, list = []);
            list.Add(use);
        }
        // What can be reached, by one more step until nothing is added.
        HashSet<(string From, string To)> reach = [.. edges];
        for (int before = -1; before != reach.Count;)
        {
            before = reach.Count;
            reach.UnionWith((from a in reach from b in edges where a.To == b.From select (a.From, b.To)).ToArray());
        }
        string[] circles = [.. edges.Where(e => reach.Contains((e.To, e.From))).Order()
            .Select(e => $"{e.From} -> {e.To} lies on a circle: {string.Join(", ", uses[e].Take(NamedUses).Select(Told))}")];
        Assert.IsEmpty(circles, string.Join('\n', circles));
    }

    [TestMethod]
    public void Executors_do_not_use_one_another_and_no_stage_uses_one()
    {
        static string? ExecutorOf(CodeType type) => type.Project == "Serenity.Onnx" && type.Room.Split('/') is ["Executors", var executor, ..] ? executor : null;

        Assert.Contains("OnnxRuntime", CodeMap.Built.Types.Select(ExecutorOf));
        Assert.Contains("StaticArena", CodeMap.Built.Types.Select(ExecutorOf));
        string[] rooms = RoomTable.RoomsOf("Serenity.Onnx");
        int first = Array.FindIndex(rooms, room => room.StartsWith("Executors", StringComparison.Ordinal));
        string told = string.Join('\n', Told(CodeMap.Built.Uses.Where(use => use.From.Project == "Serenity.Onnx" && ExecutorOf(use.To) is { } to && ExecutorOf(use.From) != to
            && (ExecutorOf(use.From) is not null || Array.IndexOf(rooms, use.From.Room) <= first)), type => type.Room));
        Assert.AreEqual("", told, told);
    }

    /// <summary>What an executor is like is asked of its traits: a third one is its folder and its lines in the tables of executors and planners.</summary>
    [TestMethod]
    public void No_code_asks_an_executor_for_its_name()
    {
        string[] asking = [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj") && ExecutorAsked().IsMatch(File.ReadAllText(file))).Select(file => Path.GetRelativePath(Checkout.Root, file))];
        Assert.IsEmpty(asking, string.Join(", ", asking));
        Assert.IsTrue(ExecutorAsked().IsMatch("if (graph.Executor != Contract.Executor.OnnxRuntime)"));
    }

    /// <summary>How a size, a budget and an order travel, as the page tells it: over files that exist, and down the page only.</summary>
    [TestMethod]
    public void The_ways_through_the_code_go_down_the_page()
    {
        IReadOnlyDictionary<string, string[][]> ways = RoomTable.Ways();
        Assert.HasCount(3, ways);
        foreach ((string way, string[][] steps) in ways)
        {
            Assert.IsGreaterThan(4, steps.Length, way);
            string[] missing = [.. steps.SelectMany(files => files).Where(file => !File.Exists(Path.Combine(Checkout.Root, "src", file + ".cs")))];
            Assert.IsEmpty(missing, $"{way}: {string.Join(", ", missing)}");
            for (int i = 1; i < steps.Length; i++)
            {
                // A step with a file for each executor goes down for each.
                bool isDown = steps[i - 1].Min(RoomTable.PlaceOf).CompareTo(steps[i].Min(RoomTable.PlaceOf)) <= 0
                    && steps[i - 1].Max(RoomTable.PlaceOf).CompareTo(steps[i].Max(RoomTable.PlaceOf)) <= 0;
                Assert.IsTrue(isDown, $"{way}: {string.Join(", ", steps[i])} stands above {string.Join(", ", steps[i - 1])}.");
            }
        }
    }

    /// <summary>The map sees what is only used inside a method, or in a lambda: without that, the tests above would hold of anything.</summary>
    [TestMethod]
    public void The_map_sees_uses_inside_methods()
    {
        bool Uses(string from, string to) => CodeMap.Built.Uses.Any(use => use.From.Name == from && use.To.Name == to);

        Assert.IsTrue(Uses("Serenity.Onnx.Rewrites.Graph.RewriteCandidate", "Serenity.Onnx.Operators.Time.KernelTime"), "a static call");
        Assert.IsTrue(Uses("Serenity.Planning.Scheduling.Scheduler", "Serenity.Planning.Scheduling.LiveProfile"), "a static call");
        Assert.IsTrue(Uses("Serenity.Onnx.Executors.OnnxRuntime.Planning.OnnxRuntimeCosts", "Serenity.Onnx.Executors.OnnxRuntime.Graph.CastPairs"), "a call in a lambda");
        Assert.IsFalse(Uses("Serenity.Onnx.Executors.OnnxRuntime.Graph.CastPairs", "Serenity.Onnx.Executors.OnnxRuntime.Planning.OnnxRuntimeCosts"), "the other way round");
    }

    [GeneratedRegex(@"(==|!=|\bis|\bis not) (\w+\.)*Executor\.(OnnxRuntime|StaticArena)\b")]
    private static partial Regex ExecutorAsked();

    /// <summary>The projects that a project may use, directly or by one that it may use.</summary>
    private static HashSet<string> Reach(string project)
    {
        HashSet<string> reach = [];
        Stack<string> open = new(RoomTable.Projects[project]);
        while (open.TryPop(out string? next))
        {
            if (reach.Add(next))
            {
                foreach (string further in RoomTable.Projects[next])
                    open.Push(further);
            }
        }
        return reach;
    }

    /// <summary>The folders in which the ways to two rooms part; a folder's own code is <c>FOLDER/(root)</c>.</summary>
    private static (string From, string To) Branches(string from, string to)
    {
        string[] a = [.. from.Split('/'), RoomTable.Root], b = [.. to.Split('/'), RoomTable.Root];
        int common = 0;
        while (a[common] == b[common])
            common++;
        return (string.Join('/', a[..(common + 1)]), string.Join('/', b[..(common + 1)]));
    }

    private static IEnumerable<string> Told(IEnumerable<CodeUse> uses, Func<CodeType, string> where) =>
        uses.GroupBy(use => $"{where(use.From)} -> {where(use.To)}").OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key} must not be: {string.Join(", ", pair.Take(NamedUses).Select(Told))}");

    private static string Told(CodeUse use) => $"{use.From.Name} uses {use.To.Name}";
}
