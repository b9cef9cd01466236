using Serenity.Fuzzing.Inputs;
using Serenity.Runtime;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Checks;

/// <summary>
/// Puts damaged plans beside planned models, as an app finds them, and holds Serenity.Runtime to its promises: one clear error of a kind that is documented, or the outputs that the model
/// gives with its own plan; and reading takes memory by the length of the file.
/// </summary>
internal sealed class PlanCheck
{
    /// <summary>Models that plans are damaged of.</summary>
    private const int MostModels = 6;

    /// <summary>Bytes that reading may take: buffers and an exception, and so much for each byte of the file.</summary>
    private const long LeastBytes = 200_000, BytesOfEach = 100;

    private readonly Corpus _corpus;
    private readonly List<PlannedModel> _models = [];

    /// <summary>Builds the models.</summary>
    /// <param name="corpus">What they are.</param>
    /// <param name="root">A folder of the caller's own; TMPDIR must point to <c>tmp</c> in it.</param>
    public PlanCheck(Corpus corpus, string root)
    {
        _corpus = corpus;
        // Every so many, so that they are of several kinds.
        for (int i = 0; i < corpus.Seeds.Count && _models.Count < MostModels; i += 3)
        {
            if (PlannedModel.Build(corpus.Seeds[i], Path.Combine(root, corpus.Seeds[i].Name)) is { } model)
                _models.Add(model);
        }
    }

    /// <summary>Checks one damaged plan.</summary>
    /// <param name="seed">The campaign's seed.</param>
    /// <param name="index">Its number.</param>
    /// <returns>What became of it, and what it was made from.</returns>
    public (InputVerdict Verdict, string Origin) Run(ulong seed, long index)
    {
        TestRandom random = new(unchecked((seed * 0xD1342543DE82EF95) ^ (ulong)index));
        PlannedModel model = random.Pick(_models);
        (byte[] plan, string how) = new PlanMutation(_corpus, random).Apply(model.Plan);
        File.WriteAllBytes(model.PlanPath, plan);
        List<string> problems = [];
        string ending = Check(model, plan.Length, problems);
        return (new InputVerdict(ending, problems), $"plan of {model.Name}, {how}");
    }

    private static string Check(PlannedModel model, int length, List<string> problems)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string ending = Try(() => MemoryPlan.Load(model.PlanPath) is null ? "nothing" : "plan", model, problems);
        if (GC.GetAllocatedBytesForCurrentThread() - before is var took && took > LeastBytes + (BytesOfEach * length))
            problems.Add(FormattableString.Invariant($"memory: reading a plan of {length} bytes took {took}"));
        string opened = Try(
            () =>
            {
                (bool planned, bool same) = model.Run();
                if (!same)
                    problems.Add("outputs: they are not those of the plan that was built");
                return planned ? "planned" : "runs, not all of it in its block";
            },
            model, problems);
        if (ending != "plan" && ending != opened)
            problems.Add($"refused: reading it ends with {ending}, and a session with {opened}");
        return opened;
    }

    /// <summary>What comes of it, or which of the errors that are documented.</summary>
    private static string Try(Func<string> action, PlannedModel model, List<string> problems)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is InvalidDataException or InsufficientMemoryException or PlatformNotSupportedException)
        {
            if (MessageRules.Problem(error.Message) is { } problem)
                problems.Add($"message: {problem}: {error.Message}");
            if (error is InvalidDataException && !error.Message.StartsWith(model.PlanPath + ", line ", StringComparison.Ordinal))
                problems.Add($"message: it does not say where: {error.Message}");
            return error.GetType().Name;
        }
        catch (Exception escaped)
        {
            problems.Add($"escaped: {escaped}");
            return "escaped";
        }
    }
}
