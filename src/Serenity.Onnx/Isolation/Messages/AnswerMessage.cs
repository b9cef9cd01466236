using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>What was found out about a model as parent and host hand it on; the model itself is a file beside it.</summary>
internal static class AnswerMessage
{
    /// <summary>Writes an answer.</summary>
    public static void Write(MessageWriter writer, HostAnswer answer)
    {
        Write(writer, answer.Facts);
        writer.OptionalText(answer.DataFile);
        writer.Int(answer.Parts.Count);
        foreach (WrittenPart part in answer.Parts)
        {
            writer.Long(part.Offset);
            writer.Text(part.File);
            writer.Long(part.Start);
            writer.Long(part.Length);
        }
    }

    /// <summary>Reads an answer.</summary>
    public static HostAnswer Read(MessageReader reader)
    {
        OptimizationFacts facts = ReadFacts(reader);
        string? dataFile = reader.OptionalText();
        WrittenPart[] parts = new WrittenPart[reader.Count(1)];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new WrittenPart(reader.Long(), reader.Text(), reader.Long(), reader.Long());
        return new HostAnswer(facts, dataFile, parts);
    }

    private static void Write(MessageWriter writer, OptimizationFacts facts)
    {
        writer.Optional(facts.FreeDimensions, static (w, sizes) => w.LongMap(sizes));
        writer.Optional(facts.Range, RangeMessage.Write);
        Write(writer, facts.Peak);
        writer.List(facts.Plans, AccountMessage.Write);
        writer.Long(facts.WeightBytes);
        writer.Optional(facts.OtherPrecision, static (w, other) =>
        {
            w.Int((int)other.Precision);
            w.Long(other.PeakBytes);
            w.Long(other.WeightBytes);
            w.OptionalDouble(other.MaxDifference);
        });
        writer.Optional(facts.Memories, MemoriesMessage.Write);
        writer.Optional(facts.Traffic, MemoriesMessage.Write);
        writer.List(facts.Rewrites, Write);
        writer.List(facts.LeftOut, static (w, rewrite) =>
        {
            w.Text(rewrite.Kind);
            w.Texts(rewrite.Nodes);
            w.Text(rewrite.Reason);
        });
        writer.Double(facts.Work.Limit);
        writer.Double(facts.Work.Ratio);
        writer.Bool(facts.Work.Limited);
        ProgramMessage.Write(writer, facts.Program);
        writer.Longs(facts.Profile);
        writer.Longs(facts.OriginalProfile);
        writer.Optional(facts.PeakStep, Write);
        writer.Optional(facts.OriginalPeakStep, Write);
        writer.Texts(facts.UnplannedBodies);
        writer.Optional(facts.Block, AccountMessage.Write);
        writer.List(facts.OtherBlocks, AccountMessage.Write);
        writer.List(facts.Kernels, AccountMessage.Write);
        writer.List(facts.Variants, AccountMessage.Write);
        writer.List(facts.Bounds, RangeMessage.Write);
        writer.Optional(facts.Verification, Write);
        writer.List(facts.Warnings, ProblemMessage.Write);
    }

    private static OptimizationFacts ReadFacts(MessageReader reader) => new()
    {
        FreeDimensions = reader.Optional(static r => r.LongMap()),
        Range = reader.Optional(RangeMessage.Read),
        Peak = ReadPeak(reader),
        Plans = reader.List(AccountMessage.ReadPlan),
        WeightBytes = reader.Long(),
        OtherPrecision = reader.Optional(static r => new PrecisionAccount((Precision)r.Int(), r.Long(), r.Long(), r.OptionalDouble())),
        Memories = reader.Optional(MemoriesMessage.ReadMemories),
        Traffic = reader.Optional(MemoriesMessage.ReadTraffic),
        Rewrites = reader.List(ReadRewrite),
        LeftOut = reader.List(static r => new LeftOutRewrite(r.Text(), r.Texts(), r.Text())),
        Work = new WorkFacts(reader.Double(), reader.Double(), reader.Bool()),
        Program = ProgramMessage.Read(reader),
        Profile = reader.Longs(),
        OriginalProfile = reader.Longs(),
        PeakStep = reader.Optional(ReadStep),
        OriginalPeakStep = reader.Optional(ReadStep),
        UnplannedBodies = reader.Texts(),
        Block = reader.Optional(AccountMessage.ReadBlock),
        OtherBlocks = reader.List(AccountMessage.ReadBlock),
        Kernels = reader.List(AccountMessage.ReadKernels),
        Variants = reader.List(AccountMessage.ReadVariant),
        Bounds = reader.List(RangeMessage.ReadBound),
        Verification = reader.Optional(ReadVerification),
        Warnings = reader.List(ProblemMessage.ReadDiagnostic),
    };

    private static void Write(MessageWriter writer, PeakFacts peak)
    {
        writer.Long(peak.OriginalBytes);
        writer.Long(peak.Bytes);
        writer.Long(peak.LiveBytes);
        writer.Long(peak.LowerBoundBytes);
        writer.Bool(peak.Optimal);
        writer.Long(peak.InputBytes);
        writer.OptionalLong(peak.WorkspaceBytes);
        writer.Bool(peak.SumsInPlace);
        writer.Bool(peak.AtMost);
        writer.Int(peak.Runs);
        writer.OptionalLong(peak.ProcessBytes);
        writer.OptionalLong(peak.PlainSessionBytes);
        writer.OptionalLong(peak.OriginalPlainSessionBytes);
        writer.OptionalText(peak.Formula);
    }

    private static PeakFacts ReadPeak(MessageReader reader) => new(
        reader.Long(), reader.Long(), reader.Long(), reader.Long(), reader.Bool(), reader.Long(), reader.OptionalLong(), reader.Bool(), reader.Bool())
    {
        Runs = reader.Int(),
        ProcessBytes = reader.OptionalLong(),
        PlainSessionBytes = reader.OptionalLong(),
        OriginalPlainSessionBytes = reader.OptionalLong(),
        Formula = reader.OptionalText(),
    };

    private static void Write(MessageWriter writer, AppliedRewrite rewrite)
    {
        writer.Text(rewrite.Kind);
        writer.Texts(rewrite.Nodes);
        writer.Bool(rewrite.Exact);
        writer.Long(rewrite.SavedBytes);
        writer.OptionalDouble(rewrite.AddedTime);
        writer.Optional(rewrite.Pieces, static (w, pieces) =>
        {
            w.Int(pieces.Count);
            w.Text(pieces.Value);
            w.Int(pieces.Axis);
            w.Double(pieces.AddedTime);
        });
    }

    private static AppliedRewrite ReadRewrite(MessageReader reader) => new(reader.Text(), reader.Texts(), reader.Bool(), reader.Long())
    {
        AddedTime = reader.OptionalDouble(),
        Pieces = reader.Optional(static r => new PieceFacts(r.Int(), r.Text(), r.Int(), r.Double())),
    };

    private static void Write(MessageWriter writer, PeakStep step)
    {
        writer.Int(step.Index);
        writer.Text(step.Node);
        writer.List(step.Live, static (w, tensor) =>
        {
            w.Text(tensor.Tensor);
            w.Long(tensor.Bytes);
        });
    }

    private static PeakStep ReadStep(MessageReader reader) => new(reader.Int(), reader.Text(), reader.List(static r => new LiveTensor(r.Text(), r.Long())));

    private static void Write(MessageWriter writer, VerificationFacts verification)
    {
        writer.Text(verification.Status);
        writer.OptionalText(verification.Reason);
        writer.OptionalText(verification.RuntimeVersion);
        writer.OptionalText(verification.Architecture);
        writer.OptionalLong(verification.MeasuredBytes);
        writer.Bool(verification.Exact);
        writer.Double(verification.MaxError);
        writer.OptionalText(verification.Level);
        writer.Optional(verification.Instead, static (w, instead) =>
        {
            w.Optional(instead.FreeDimensions, static (w, sizes) => w.LongMap(sizes));
            w.Optional(instead.Outputs, static (w, outputs) => w.Texts(outputs));
        });
        writer.Optional(verification.ConfigEntries, static (w, entries) => w.TextMap(entries));
    }

    private static VerificationFacts ReadVerification(MessageReader reader) => new(
        reader.Text(), reader.OptionalText(), reader.OptionalText(), reader.OptionalText(), reader.OptionalLong(), reader.Bool(), reader.Double(), reader.OptionalText(),
        reader.Optional(static r => new VerifiedInstead(r.Optional(static r => r.LongMap()), r.Optional(static r => r.Texts()))))
    {
        ConfigEntries = reader.Optional(static r => r.TextMap()),
    };
}
