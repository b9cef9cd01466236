using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>Plans, accounts of memory, blocks and forms in other layouts as parent and host hand them on.</summary>
internal static class AccountMessage
{
    /// <summary>Writes a plan's facts.</summary>
    public static void Write(MessageWriter writer, PlanFacts plan)
    {
        writer.Int((int)plan.Layout);
        writer.OptionalText(plan.Architecture);
        writer.Int(plan.Threads);
        writer.Optional(plan.Sizes, static (w, sizes) => w.Map(sizes, RequestMessage.Write));
        writer.OptionalLong(plan.BlockBytes);
        Write(writer, plan.Account);
    }

    /// <summary>Reads a plan's facts.</summary>
    public static PlanFacts ReadPlan(MessageReader reader) => new(
        (PlanLayout)reader.Int(), reader.OptionalText(), reader.Int(), reader.Optional(static r => r.Map(RequestMessage.ReadRange)), reader.OptionalLong(), ReadAccount(reader));

    /// <summary>Writes a block.</summary>
    public static void Write(MessageWriter writer, RunBlock block)
    {
        writer.Text(block.Architecture);
        writer.Int(block.Threads);
        writer.Text(block.RuntimeVersion);
        writer.Long(block.Bytes);
        writer.Long(block.LowerBoundBytes);
        writer.Longs(block.Sizes);
        writer.Longs(block.Offsets);
        writer.Ints(block.Outputs);
    }

    /// <summary>Reads a block.</summary>
    public static RunBlock ReadBlock(MessageReader reader) => new(
        reader.Text(), reader.Int(), reader.Text(), reader.Long(), reader.Long(), reader.Longs(), reader.Longs(), reader.Ints());

    /// <summary>Writes what kernels take.</summary>
    public static void Write(MessageWriter writer, KernelFacts kernels)
    {
        writer.Text(kernels.Architecture);
        writer.Text(kernels.RuntimeVersion);
        writer.Longs(kernels.ScratchBytes);
    }

    /// <summary>Reads what kernels take.</summary>
    public static KernelFacts ReadKernels(MessageReader reader) => new(reader.Text(), reader.Text(), reader.Longs());

    /// <summary>Writes a form in another layout.</summary>
    public static void Write(MessageWriter writer, VariantFacts variant)
    {
        writer.Int((int)variant.Layout);
        writer.Int((int)variant.Basis);
        writer.Double(variant.WorkRatio);
        writer.Int(variant.Convolutions);
        writer.Int(variant.Reorders);
        writer.Optional(variant.Block, Write);
    }

    /// <summary>Reads a form in another layout.</summary>
    public static VariantFacts ReadVariant(MessageReader reader) => new(
        (PlanLayout)reader.Int(), (FigureBasis)reader.Int(), reader.Double(), reader.Int(), reader.Int(), reader.Optional(ReadBlock));

    private static void Write(MessageWriter writer, MemoryAccount account)
    {
        writer.List(account.Pools, static (w, pool) =>
        {
            w.Int((int)pool.Pool);
            w.List(pool.Parts, static (w, part) =>
            {
                w.Text(part.Name);
                w.OptionalLong(part.Bytes);
                w.Int((int)part.Basis);
            });
        });
        writer.Int(account.Runs);
    }

    private static MemoryAccount ReadAccount(MessageReader reader) =>
        new(reader.List(static r => new PoolAccount((MemoryPool)r.Int(), r.List(static r => new MemoryPart(r.Text(), r.OptionalLong(), (FigureBasis)r.Int()))))) { Runs = reader.Int() };
}
