using Serenity.Driver;

// ./build.sh VERB [arguments]
DriverLog log = new(args is ["bench" or "fuzz", ..] ? Console.Error : Console.Out);
try
{
    Workspace workspace = Workspace.Find();
    string[] rest = args.Length > 0 ? args[1..] : [];
    return args.FirstOrDefault() switch
    {
        "pack" => new PackVerb(workspace, log).Run(builds: !rest.Contains("--no-build")),
        "test" => new TestVerb(workspace, log).Run(rest),
        "sample" => new SampleVerb(workspace, log).Run(rest),
        "bench" => new ProjectVerb(workspace, log, "Serenity.Benchmarks").Run(rest),
        "fuzz" => new ProjectVerb(workspace, log, "Serenity.Fuzzing").Run(rest),
        "sweep" => new SweepVerb(workspace, log).Run(rest),
        BusyVerb.Name => BusyVerb.Run(),
        "page" => new PageVerb(workspace, log).Run(rest.Contains("--check")),
        "pin" => new PinVerb(workspace, log).Run(rest),
        "touched" => new TouchedVerb(workspace, log).Run(rest),
        "audit" => new AuditVerb(workspace, log).Run(),
        "format" => new FormatVerb(workspace, log).Run(rest.Contains("--check")),
        _ => Usage(),
    };
}
catch (DriverException problem)
{
    Console.Error.WriteLine($"build: {problem.Message}");
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: ./build.sh VERB
          pack             build in Release and leave the packages in artifacts/packages
          test [NAME…]     build, check the format, run every test project (or those whose name contains a NAME)
          sample [NAME]    pack, then build and run the sample apps (or one) against the packed package
          bench VERB …     run a benchmark in Release; only its own output goes to standard output
          fuzz [--inputs=N] [--seed=S] …
                           build broken models and projects, and hold each build to its promises
          sweep kill|determinism|ranges [ROUNDS]
                           kill builds at random moments; or build in other languages, time zones and folders
          sweep pieces [NETWORKS]
                           run random networks in pieces at random places
          sweep pools|traffic [CASES]
                           plan small problems over several memories, and the traffic of small graphs, against every choice there is
          sweep arm64      plan all models of the test data for arm64 and run them on four such processors; needs qemu-user
          sweep machines [one-core|busy|abroad|no-avx512|no-vectors|haswell|nehalem]…
                           run the tests as on other machines; the last two need qemu-user
          sweep conformance DIR
                           plan and run ONNX's own conformance models (Debian: libonnx-testdata)
          sweep versions [--write] [VERSION…]
                           run plans in other versions of ONNX Runtime, and tell, or write down, which need more there
          page [--check]   bundle the script of the report, or only check that it is what its sources make; needs npm
          pin VERSION      build with another version of ONNX Runtime from now on
          touched KIND [COMMIT|A..B]
                           count the files of a change, against what one of its kind may touch (docs/contributing.md)
          audit            ask the registry for known weaknesses of the packages
          format [--check] put the source into the standard format, or only check it

        SERENITY_ONNXRUNTIME=registry|feed says where ONNX Runtime comes from. Without it, the registry is tried first, and
        where it has none, a local feed is built from an npm package.
        """);
    return 2;
}
