using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Execution;

[TestClass]
public sealed class ArenaRunnerTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(100)]
    public void Random_models_run_in_their_arena_bit_for_bit(int first)
    {
        for (int seed = first; seed < first + 10; seed++)
        {
            using ArenaCase made = ArenaCase.Create(RandomModel.Create((ulong)seed).Model, alignment: seed % 2 == 0 ? 16 : 64, fileOrder: seed % 3 == 0);
            ArenaRun run = made.Runner.Run(made.Program);
            Assert.IsNull(run.Fault, $"seed {seed}: {run.Fault}");
            Assert.AreEqual(made.Plan.Schedule.Count, run.Steps);
            Assert.IsTrue(run.Values > run.Steps / 2, $"seed {seed}: hardly anything was compared");
        }
    }

    [TestMethod]
    public void Irregular_networks_run_in_their_arena_bit_for_bit()
    {
        foreach (Schema.ModelProto model in (Schema.ModelProto[])[IrregularModels.WattsStrogatz(), IrregularModels.DartsCell()])
        {
            using ArenaCase made = ArenaCase.Create(model);
            Assert.IsNull(made.Runner.Run(made.Program).Fault);
            Assert.AreEqual(made.Plan.LivePeakBytes, made.Plan.ArenaBytes);
        }
    }

    [TestMethod]
    public void Two_hundred_broken_plans_are_all_caught()
    {
        int broken = 0, moved = 0, seed = 0;
        for (; broken < 200; seed++)
        {
            Assert.IsTrue(seed < 400, $"only {broken} plans could be broken");
            using ArenaCase made = ArenaCase.Create(RandomModel.Create((ulong)(1000 + seed)).Model);
            Assert.IsNull(made.Runner.Run(made.Program).Fault);
            BrokenPlans plans = new(made.Program, new Random(seed), alignment: 16);
            for (int i = 0; i < 20 && broken < 200; i++)
            {
                bool move = i % 2 == 0;
                if ((move ? plans.MoveOneStep() : plans.LayOverEachOther()) is not { } plan)
                    continue;
                ArenaRun run = made.Runner.Run(plan.Program);
                Assert.IsNotNull(run.Fault, $"seed {seed}, {i}: {plan.What} was not caught");
                broken++;
                moved += move ? 1 : 0;
            }
        }
        Assert.IsTrue(moved > 50 && broken - moved > 50, $"{moved} moved, {broken - moved} laid over each other");
    }

    [TestMethod]
    public void Plans_that_cannot_be_run_are_refused_in_words()
    {
        using ArenaCase made = ArenaCase.Create(RandomModel.Create(3).Model);
        ArenaProgram good = made.Program;
        Expect(good with { ArenaBytes = good.ArenaBytes - 16 }, "outside the arena");
        Expect(Ordered([.. good.Program.Steps.Skip(1)]), "is not in the schedule");
        Expect(Ordered([.. good.Program.Steps, good.Program.Steps[0]]), "twice");
        Expect(Ordered([.. good.Program.Steps.Reverse()]), "not what was written");
        Expect(new ArenaProgram(ExecutionProgram.Of(made.Plan.Schedule, [], [.. made.Plan.Program.Tensors().Where(t => t.Role != TensorRole.Output)]), good.ArenaBytes), "no place in the plan");

        ArenaProgram Ordered(ProgramStep[] steps) => good with { Program = good.Program with { Steps = steps } };

        void Expect(ArenaProgram program, string words) =>
            StringAssert.Contains(made.Runner.Run(program).Fault, words, StringComparison.Ordinal);
    }
}
