using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Report;

/// <summary>A made-up plan over several memories, one of them for weights and one far larger than what is used of it, with a tensor that moves, and with traffic.</summary>
internal static class LevelsManifest
{
    /// <summary>The tensor that moves, from the first memory to the second.</summary>
    public const int Moving = 2;

    /// <summary>The manifest.</summary>
    /// <param name="fits">Whether every memory is as large as what lies in it.</param>
    public static MemoryManifest Create(bool fits = true)
    {
        MemoryManifest plain = SyntheticManifest.Create(60, Executor.StaticArena);
        // Every other tensor in each of two memories.
        List<TensorFacts> near = [.. plain.Tensors.Where((_, index) => index % 2 == 0)], far = [.. plain.Tensors.Where((_, index) => index % 2 == 1)];
        long nearBytes = SyntheticManifest.Place(near), farBytes = SyntheticManifest.Place(far);
        List<TensorFacts> tensors = [.. plain.Tensors.Select((_, index) => index % 2 == 0 ? near[index / 2] with { Memory = "DTCM" } : far[index / 2] with { Memory = "SDRAM" })];
        TensorFacts moving = tensors[Moving];
        tensors[Moving] = moving with { Move = new TensorMove(moving.LastStep, "SDRAM", farBytes) };
        farBytes += moving.Bytes;
        MemoriesFacts memories = new(
            [
                new UsedMemory("DTCM", fits ? nearBytes + 1024 : nearBytes - 1024, 1, MemoryUse.Activations, nearBytes),
                new UsedMemory("SDRAM", 8 << 20, 9.6, MemoryUse.Both, farBytes + 5000),
                new UsedMemory("FLASH", 1 << 20, 4, MemoryUse.Weights, 3000),
            ],
            5_000_000, 4_000_000,
            [new PlacedWeight("w0", 1000, "FLASH", 0), new PlacedWeight("w1", 2000, "FLASH", 1000), new PlacedWeight("w2", 3000, "SDRAM", farBytes), new PlacedWeight("w3", 1000, "SDRAM", farBytes + 4000)]);
        OrderTraffic Order(string name, long read, long written, int streamed) => new(name, read, written, read + written, read + written + 100, streamed);
        TrafficFacts traffic = new(
            100_000, [Order("file", 500_000, 200_000, 2), Order("onnxRuntime", 450_000, 200_000, 1), Order("planned", 90_000, 30_000, 0)], 80_000,
            [
                new TrafficPoint(50_000, [900_000, 850_000, 400_000]), new TrafficPoint(100_000, [700_000, 650_000, 120_000]), new TrafficPoint(200_000, [50_000, 60_000, 0]),
                new TrafficPoint(250_000, [0, 0, 0]),
            ]);
        MemoryManifest manifest = plain.With(tensors: tensors) with { Memories = memories, Traffic = traffic };
        return BudgetCheck.Apply(manifest, new MemoryBudgets(null, null, null));
    }
}
