using Serenity.Fuzzing;
using Serenity.Fuzzing.Campaign;

// [--inputs=N] [--seed=S] [--from=I] [--only=I] [--workers=W] [--isolate] [--trace] [--plans] [--no-shared] [--folder=DIR]
try
{
    return args is ["worker", ..] ? Worker.Run(FuzzOptions.Parse(args.Skip(1))) : FuzzCampaign.Run(FuzzOptions.Parse(args));
}
catch (FormatException problem)
{
    Console.Error.WriteLine(
        $"""
        fuzz: {problem.Message}
        usage: fuzz [--inputs=20000] [--seed=1] [--from=0] [--only=INDEX] [--workers=1] [--isolate] [--trace] [--plans] [--no-shared] [--folder=DIR]
        """);
    return 2;
}
