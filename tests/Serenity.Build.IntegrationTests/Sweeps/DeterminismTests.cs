using System.Globalization;

namespace Serenity.Build.IntegrationTests.Sweeps;

/// <summary>Equal models and options give equal bytes, whatever the machine's language, time zone, folders and processors.</summary>
[TestClass]
public sealed class DeterminismTests
{
    private static readonly string[] _cultures = ["tr-TR", "ar-SA", "de-DE", "th-TH", "fa-IR", "sv-SE", "zh-CN", "hi-IN", "he-IL", "cs-CZ"];

    private static readonly string[] _zones = ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "UTC", "Australia/Lord_Howe"];

    private static readonly string[] _folders =
        ["plain", "with space", "ünïcödé 名前", "deep/er/and/deep/er/still/and/on/and/on/until/it/is/really/quite/long/for/a/path", "it's (a) #1 & [b]", "İı", "-x"];

    [TestMethod]
    public void Outputs_are_the_same_in_every_culture_time_zone_folder_and_number_of_processors()
    {
        HashSet<string> months = new(StringComparer.Ordinal);
        string root = Directory.CreateTempSubdirectory("serenity-same-").FullName;
        try
        {
            SortedDictionary<string, string> first = Build(Path.Combine(root, "first"), new Dictionary<string, string>(StringComparer.Ordinal), months);
            Assert.HasCount(11, first);
            // The month has another name in most of the cultures: they were really in force.
            int rounds = SweepSize.Rounds(ordinarily: 2);
            for (int i = 0; i < rounds; i++)
            {
                string culture = _cultures[i % _cultures.Length];
                Dictionary<string, string> environment = new(StringComparer.Ordinal)
                {
                    // .NET takes the culture from LANG; the locale itself need not be installed.
                    ["LANG"] = culture.Replace('-', '_') + ".UTF-8",
                    ["LC_ALL"] = culture.Replace('-', '_') + ".UTF-8",
                    ["TZ"] = _zones[i % _zones.Length],
                    ["DOTNET_PROCESSOR_COUNT"] = (1 + (i % 5)).ToString(CultureInfo.InvariantCulture),
                    ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "0",
                };
                string folder = Path.Combine(root, i.ToString(CultureInfo.InvariantCulture), _folders[i % _folders.Length]);
                BuildOutputs.AreSame(first, Build(folder, environment, months), $"for {culture} in '{_folders[i % _folders.Length]}'");
            }
            Assert.IsGreaterThan(1, months.Count, string.Join(' ', months));
            Console.WriteLine($"{rounds + 1} builds, the same bytes.");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static SortedDictionary<string, string> Build(string root, Dictionary<string, string> environment, HashSet<string> months)
    {
        Directory.CreateDirectory(root);
        using ConsumerProject project = new(root)
        {
            Body =
                """
                <ItemGroup>
                  <SerenityModel Include="models/*.onnx" MemoryBudget="1.5MB" Report="true" />
                  <SerenityModel Include="arena.onnx" Executor="StaticArena" Header="true" Report="true" />
                </ItemGroup>
                <Target Name="TellCulture" AfterTargets="Build"><Message Importance="high" Text="month=$([System.DateTime]::Now.ToString('MMMM'))|" /></Target>
                """,
        };
        project.Model("models/Iı.onnx", 3);
        project.Model("models/net.onnx", 4);
        project.Model("arena.onnx", 5);
        BuildResult result = project.Run(["build", "--no-restore"], environment).Succeeds();
        string month = result.Output[result.Output.IndexOf("month=", StringComparison.Ordinal)..];
        months.Add(month[..month.IndexOf('|', StringComparison.Ordinal)]);
        return BuildOutputs.Of(project);
    }
}
