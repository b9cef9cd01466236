using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Plans over several memories, proven by running them in a block for each.</summary>
[TestClass]
public sealed class ArenaMemoriesTests
{
    [TestMethod]
    public void Random_models_run_in_their_memories_bit_for_bit()
    {
        int several = 0, moved = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            using ArenaCase made = ArenaCase.Create(RandomModel.Create((ulong)(400 + seed)).Model, alignment: seed % 2 == 0 ? 16 : 64);
            StaticArenaPlan plan = Pooled(made, Memories(made.Plan.ArenaBytes, seed % 2 == 0 ? 3 : 2));
            Assert.IsTrue(plan.Memories!.Fits, $"seed {seed}");
            ArenaRun run = made.Runner.Run(ProgramOf(plan));
            Assert.IsNull(run.Fault, $"seed {seed}: {run.Fault}");
            Assert.AreEqual(made.Plan.Schedule.Count, run.Steps);
            several += plan.Memories.Memories.Count(m => m.UsedBytes > 0) > 1 ? 1 : 0;
            moved += plan.Program.Buffers.Any(t => t.Move is not null) ? 1 : 0;
        }
        Assert.IsGreaterThan(15, several);
        Assert.IsGreaterThan(1, moved);
    }

    [TestMethod]
    public void A_move_that_lies_over_what_is_needed_is_caught()
    {
        int broken = 0;
        for (int seed = 0; seed < 60 && broken < 3; seed++)
        {
            using ArenaCase made = ArenaCase.Create(RandomModel.Create((ulong)(400 + seed)).Model);
            StaticArenaPlan plan = Pooled(made, Memories(made.Plan.ArenaBytes, 2));
            if (plan.Program.Buffers.FirstOrDefault(t => t is { Move: not null, SharesWith: null, Bytes: > 0 }) is not { } moving)
                continue;
            TensorMove move = moving.Move!;
            // To where another one lies that is still needed, and lies there since before.
            if (plan.Program.Buffers.FirstOrDefault(t => t != moving && t.Memory == move.Memory && t.Move is null && t.Offset is not null && t.Bytes > 0 && t.Kind != BufferKind.Scratch
                && t.FirstStep < move.Step && t.Readers!.Any(r => r >= move.Step) && t.Offset + moving.Bytes <= plan.Memories!.Memories.Single(m => m.Name == move.Memory).UsedBytes) is not { } victim)
            {
                continue;
            }
            ProgramBuffer elsewhere = moving with { Move = move with { Offset = victim.Offset!.Value } };
            StaticArenaPlan wrong = plan with { Program = plan.Program with { Buffers = [.. plan.Program.Buffers.Select(t => t == moving ? elsewhere : t)] } };
            Assert.IsNotNull(made.Runner.Run(ProgramOf(wrong)).Fault, $"seed {seed}");
            broken++;
        }
        Assert.IsGreaterThan(0, broken);
    }

    [TestMethod]
    public void One_memory_and_one_that_holds_all_give_the_arena_of_always()
    {
        using ArenaCase made = ArenaCase.Create(IrregularModels.WattsStrogatz());
        StaticArenaPlan one = Pooled(made, [new DeviceMemory("ONLY", 1024, 3)]);
        Assert.AreSame(made.Plan.Program, one.Program);
        Assert.AreEqual(made.Plan.ArenaBytes, one.Memories!.Memories[0].UsedBytes);
        Assert.IsFalse(one.Memories.Fits);

        StaticArenaPlan cheap = Pooled(made, [new DeviceMemory("SLOW", 1 << 20, 3), new DeviceMemory("FAST", made.Plan.ArenaBytes, 1)]);
        CollectionAssert.AreEqual(made.Plan.Program.Buffers.Select(t => t.Offset).ToArray(), cheap.Program.Buffers.Select(t => t.Offset).ToArray());
        Assert.IsTrue(cheap.Program.Buffers.All(t => t.Memory is "FAST" || t.Offset is null));
        Assert.IsTrue(cheap.Memories!.Optimal);
    }

    [TestMethod]
    public void A_device_with_one_memory_gives_the_very_bytes_of_a_plan_without()
    {
        using TempFolder folder = new();
        int rewritten = 0, rolled = 0;
        for (int seed = 0; seed < 8; seed++)
        {
            ModelProto model = seed < 6 ? RandomModel.Create((ulong)(800 + seed)).Model
                : TinyNetwork.Write([new(false, 3, 8, 3, 2, 1, 4 * seed), new(true, 8, 8, 3, 1, 1, 2 * seed), new(false, 8, 16, 1, 1, 0, 2 * seed), new(true, 16, 16, 3, 2, 1, 2 * seed)]);
            string path = folder.File("net.onnx", model.ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false };
            OptimizationResult plain = ModelOptimizer.Optimize(request);
            foreach (long size in (long[])[plain.Peak.Bytes * 2, plain.Peak.Bytes, Math.Max(1, plain.Peak.Bytes / 2)])
            {
                OptimizationResult one = ModelOptimizer.Optimize(request with { Memories = [new DeviceMemory("ONLY", size, 3)] });
                CollectionAssert.AreEqual(plain.Model.ToByteArray(), one.Model.ToByteArray(), $"seed {seed}");
                Assert.AreEqual(plain.Peak, one.Peak, $"seed {seed}");
                CollectionAssert.AreEqual(
                    plain.Program.Buffers.Select(b => (b.Name, b.Bytes, b.Offset, b.FirstStep, b.LastStep, b.Memory, b.Move)).ToArray(),
                    one.Program.Buffers.Select(b => (b.Name, b.Bytes, b.Offset, b.FirstStep, b.LastStep, b.Memory, b.Move)).ToArray(), $"seed {seed}");
                Assert.AreEqual(size >= plain.Peak.Bytes, one.Memories!.Fits, $"seed {seed}");
            }
            rewritten += plain.Rewrites.Count > 0 ? 1 : 0;
            rolled += plain.Rewrites.Any(r => r.Pieces is not null) ? 1 : 0;
        }
        Assert.IsGreaterThan(0, rewritten);
        Assert.IsGreaterThan(0, rolled);
    }

    [TestMethod]
    public void Weights_lie_where_a_memory_is_for_them()
    {
        using ArenaCase made = ArenaCase.Create(IrregularModels.WattsStrogatz());
        StaticArenaPlan plan = Pooled(made, [new DeviceMemory("FAST", 4096, 1, MemoryUse.Both), new DeviceMemory("SLOW", 1 << 20, 3), new DeviceMemory("FLASH", 1 << 20, 4, MemoryUse.Weights)]);
        Assert.IsTrue(plan.Memories!.Fits);
        Assert.AreEqual(made.Graph.Source.Initializer.Count + made.Graph.ConstantNodes.Count, plan.Memories.Weights.Count);
        Assert.IsTrue(plan.Memories.Weights.All(w => w.Memory is "FAST" or "FLASH"));
        Assert.IsTrue(plan.Program.Buffers.All(t => t.Memory is "FAST" or "SLOW" || t.Offset is null));
        Assert.IsNull(made.Runner.Run(ProgramOf(plan)).Fault);
    }

    private static DeviceMemory[] Memories(long bytes, int count) => count == 2
        ? [new("FAST", Math.Max(bytes * 2 / 5, 64), 1), new("SLOW", bytes * 3, 6)]
        : [new("FAST", Math.Max(bytes / 4, 64), 1), new("MIDDLE", Math.Max(bytes / 3, 64), 2.5), new("SLOW", bytes * 3, 9)];

    private static StaticArenaPlan Pooled(ArenaCase made, DeviceMemory[] memories)
    {
        Dictionary<string, int> operators = made.Graph.Nodes.Select((node, op) => (node.Name, op)).ToDictionary(n => n.Name, n => n.op);
        return PooledPlanner.Plan(made.Graph, [.. made.Plan.Schedule.Select(name => operators[name])], made.Plan, memories, 64);
    }

    private static ArenaProgram ProgramOf(StaticArenaPlan plan) => ArenaProgram.Of(plan.Program, plan.ArenaBytes, plan.Memories);
}
