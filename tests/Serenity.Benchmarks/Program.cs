using Serenity.Benchmarks;
using Serenity.Benchmarks.Conformance;
using Serenity.Benchmarks.Loading;
using Serenity.Benchmarks.Many;
using Serenity.Benchmarks.Pools;
using Serenity.Benchmarks.Runs;
using Serenity.Benchmarks.Versions;
using Serenity.Benchmarks.Same;
using Serenity.Benchmarks.Work;

// verb → what it does; each verb is a type of its own.
Dictionary<string, (string Help, Func<string[], int> Run)> verbs = new(StringComparer.Ordinal)
{
    ["arena"] = ("FILE.csv… [--capacity N] [--states N] [--out DIR]: offsets for each file, at the lower bound where that can be", ArenaBenchmark.Run),
    ["conformance"] = ("DIR [--only TEXT] [--out FILE]: ONNX's own conformance models, each planned and run on the suite's data beside the source", ConformanceSweep.Run),
    ["build"] = ("MODEL… [--runs=N]: what the package adds to a build, new, from the plan cache, and with nothing to do", BuildBenchmark.Run),
    ["floor"] = ("EARLIER.nupkg [--no-verify] [MODEL…]: whether a model that an earlier command line planned is refused now, or needs more", FloorBenchmark.Run),
    ["layout-bytes"] = ("EARLIER.nupkg [--no-partition] [MODEL…]: bytes that each layout requires beside what an earlier version's portable file did", LayoutBytesBenchmark.Run),
    ["large"] = ("[LAYERSxWIDTH[xTOKENS]…] [--sequence=N]: encoders of 340 MB and 1.3 GB planned and verified: seconds, and the most memory held", LargeBenchmark.Run),
    ["latency"] = ("[MODEL…] [--kernels]: median latency beside the original at the extended level, in turns; and where the difference comes from", LatencyBenchmark.Run),
    ["many"] = ("[--projects=20] [--models=10]: a solution with many models and a shared plan cache: nothing known, nothing to do, a second clone; seconds, memory, hits", ManyBenchmark.Run),
    ["memory"] = ("[MODEL…] [--no-fuse]: bytes of a default session, the original under our options, ours; and the bound", MemoryBenchmark.Run),
    ["planned"] = ("[MODEL…] [--threads=N] [--rewrite=None] [--no-partition] [--each] [--layouts] [--portable] [--within=2] [--runs=N] [--seconds=S] [--kernels] [--keep=FOLDER]: a planned session, in the layout that the processor has, beside a default session of the original, in turns until the ratio is known to 2 %; bytes, unplanned calls, page faults", PlannedBenchmark.Run),
    ["planned-callers"] = ("[MODEL…] [--threads=N,…] [--runs=1000] [--most=S] [--callers=8] [--seconds=60] [--keep=FOLDER]: a planned session run a thousand times, then by several callers at once: outputs, unplanned calls, blocks", CallersBenchmark.Run),
    ["planned-steady"] = ("MODEL MADE.onnx [--plain]: what a process takes for a thousand runs; MADE is what 'planned --make MODEL FOLDER Rewrite Threads Partition' wrote", SteadyBenchmark.Run),
    ["arena-run"] = ("[MODEL…]: plan each model for StaticArena and prove the plan by running it in its arena", ArenaRunBenchmark.Run),
    ["report"] = ("MANIFEST…: how soon a report is usable, how large it is, and its longest piece of script while it is brushed", ReportBenchmark.Run),
    ["rewrites"] = ("MODEL…|ws:N|nas:N [--static-arena] [--time]: each model ordered, and ordered and rewritten", RewriteBenchmark.Run),
    ["models"] = ("[MODEL…] [--out FILE]: what becomes of every model of the test data, as in docs/models.md", ModelTable.Run),
    ["process"] = ("[NAME…]: models of 0.1 to 200 MB of weights in each format, prepacked and not: what loading and runs take beside the account", ProcessBenchmark.Run),
    ["threads"] = ("[MODEL…]: models planned for 1, 2, 4 and 8 threads, and run with as many", ThreadSweep.Run),
    ["probe"] = ("[--all]: what the installed ONNX Runtime's kernels share, against the table of rules", ProbeBenchmark.Run),
    ["same"] = ("EARLIER.nupkg [LATER.nupkg] [MODEL…]: whether two builds of the command line write the same files, byte for byte", SameBenchmark.Run),
    ["stages"] = ("MODEL… [--static-arena] [--no-partition] [--runs=N]: how long each stage takes, compiled code, without verification", StageBenchmark.Run),
    ["schedule"] = ("FILE.tg… [--order]: least peak of each graph, with proof", ScheduleBenchmark.Run),
    ["paper"] = ("FILE.tg… [--states=N] [--seconds=S]: SERENITY's own algorithm beside ours", PaperBenchmark.Run),
    ["schedule-report"] = ("[--paper-states=N] [--paper-seconds=S]: the scheduling section of docs/benchmarks.md", ScheduleReport.Run),
    ["tiny"] = ("[TABLE.tsv…] [--keep=FOLDER]: networks for microcontrollers as int8 models in one arena, proven by running them: bytes, multiply-accumulates, steps", TinyBenchmark.Run),
    ["traffic"] = ("FILE.tg… [--on-chip=SIZE], or MODEL… or --models: bytes read and written outside a chip, in the file's order and ours, as in docs/memory-levels.md", TrafficBenchmark.Run),
    ["versus"] = ("MODEL… --before=FOLDER [--work-limit=X] [--no-time] [--verify] [--no-pieces]: each model beside the file that an earlier version made: bytes, work, time, outputs", VersusBenchmark.Run),
    ["versions"] = ("[--write] VERSION=LIBRARY… [MODEL…]: plans of the test data run in other versions of ONNX Runtime; which need more there", VersionSweep.Run),
    ["pieces"] = ("MODEL…: what pieces bring at which predicted time, and what stands in their way", PieceCurves.Run),
    ["work"] = ("[MODEL…] --in=FOLDER [--fit[=NAME,…]] [--with=TERM=PRICE,…] [--kernels]: predicted time beside measured, for every rewritten model and every layout; fits the prices of predicted time, all or those whose names begin so", WorkBenchmark.Run),
    ["pools"] = ("[MODEL…] [--memories=NAME=SIZE@COST;…] [--share=PERCENT] [--work=FACTOR]: each model on boards with several memories: cost of accesses, bound, time, beside access density and TVM's USMP", PoolBenchmark.Run),
    ["sweep"] = ("[--small=N] [--large=N] [--seed=S]: random graphs against every down-set", SweepBenchmark.Run),
};

if (args.Length > 0 && verbs.TryGetValue(args[0], out (string Help, Func<string[], int> Run) verb))
{
    try
    {
        return verb.Run(args[1..]);
    }
    catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
    {
        Console.Error.WriteLine($"bench {args[0]}: {e.Message}");
        return 2;
    }
}
Console.Error.WriteLine("usage: bench VERB [arguments]");
foreach ((string name, (string help, _)) in verbs.OrderBy(v => v.Key, StringComparer.Ordinal))
    Console.Error.WriteLine($"  {name,-11} {help}");
return 2;
