using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>A request as parent and host hand it on. Whom progress is reported to stays behind, and so does what the pipeline sets by itself.</summary>
internal static class RequestMessage
{
    /// <summary>Writes one.</summary>
    public static void Write(MessageWriter writer, OptimizeRequest request)
    {
        writer.Text(request.ModelPath);
        writer.Int((int)request.Executor);
        writer.Int((int)request.Rewrite);
        writer.Bool(request.InputsApart);
        writer.Bool(request.Partition);
        writer.Int((int)request.Precision);
        writer.Bool(request.Fuse);
        writer.Bool(request.Verify);
        writer.Long(request.VerifyLimit);
        writer.OptionalText(request.VerifyInputs);
        writer.Texts(request.SamplePaths);
        writer.OptionalText(request.VerifyWith);
        writer.Optional(request.Runtime, static (w, runtime) =>
        {
            w.Text(runtime.Library);
            w.OptionalText(runtime.Assembly);
        });
        writer.LongMap(request.FreeDimensions);
        writer.Map(request.Ranges, Write);
        writer.TextMap(request.SizeFormulas);
        writer.Bool(request.FreeDimensionsAreDefaults);
        writer.Optional(request.Bounds, static (w, bounds) => w.Map(bounds, static (w, sizes) => w.Longs(sizes)));
        writer.Optional(request.Outputs, static (w, outputs) => w.Texts(outputs));
        writer.Optional(request.Inputs, static (w, inputs) => w.Texts(inputs));
        writer.Optional(request.FixedInputs, static (w, inputs) => w.TextMap(inputs));
        writer.Optional(request.SharedBuffers, static (w, buffers) => w.TextMap(buffers));
        writer.OptionalLong(request.SearchLimit);
        writer.Int(request.Alignment);
        writer.Optional(request.Memories, static (w, memories) => w.List(memories, Write));
        writer.OptionalLong(request.OnChip);
        writer.OptionalLong(request.TrafficPeak);
        writer.Int(request.Threads);
        writer.Int(request.Layouts.Count);
        foreach (PlanLayout layout in request.Layouts)
            writer.Int((int)layout);
        writer.Bool(request.LayoutsWhereUseful);
        writer.OptionalLong(request.LayoutBytes);
        writer.Int((int)request.Format);
        writer.Bool(request.Prepack);
        writer.Int(request.Concurrency);
        writer.Double(request.WorkLimit);
        writer.Int(request.Targets.Count);
        foreach (TargetArchitecture target in request.Targets)
            writer.Int((int)target);
        writer.Optional(request.Filled, static (w, filling) =>
        {
            w.TextMap(filling.Values);
            w.LongMap(filling.From);
        });
        writer.OptionalText(request.OutputName);
    }

    /// <summary>Reads one.</summary>
    public static OptimizeRequest Read(MessageReader reader) => new()
    {
        ModelPath = reader.Text(),
        Executor = (Executor)reader.Int(),
        Rewrite = (RewriteLevel)reader.Int(),
        InputsApart = reader.Bool(),
        Partition = reader.Bool(),
        Precision = (Precision)reader.Int(),
        Fuse = reader.Bool(),
        Verify = reader.Bool(),
        VerifyLimit = reader.Long(),
        VerifyInputs = reader.OptionalText(),
        SamplePaths = reader.Texts(),
        VerifyWith = reader.OptionalText(),
        Runtime = reader.Optional(static r => new RuntimeFiles(r.Text(), r.OptionalText())),
        FreeDimensions = reader.LongMap(),
        Ranges = reader.Map(ReadRange),
        SizeFormulas = reader.TextMap(),
        FreeDimensionsAreDefaults = reader.Bool(),
        Bounds = reader.Optional(static r => r.Map(static r => r.Longs())),
        Outputs = reader.Optional(static r => r.Texts()),
        Inputs = reader.Optional(static r => r.Texts()),
        FixedInputs = reader.Optional(static r => r.TextMap()),
        SharedBuffers = reader.Optional(static r => r.TextMap()),
        SearchLimit = reader.OptionalLong(),
        Alignment = reader.Int(),
        Memories = reader.Optional(static r => r.List(static r => new DeviceMemory(r.Text(), r.Long(), r.Double(), (MemoryUse)r.Int()))),
        OnChip = reader.OptionalLong(),
        TrafficPeak = reader.OptionalLong(),
        Threads = reader.Int(),
        Layouts = Array.ConvertAll(reader.Ints(), static layout => (PlanLayout)layout),
        LayoutsWhereUseful = reader.Bool(),
        LayoutBytes = reader.OptionalLong(),
        Format = (ModelFormat)reader.Int(),
        Prepack = reader.Bool(),
        Concurrency = reader.Int(),
        WorkLimit = reader.Double(),
        Targets = Array.ConvertAll(reader.Ints(), static target => (TargetArchitecture)target),
        Filled = reader.Optional(static r => new Filling(r.TextMap(), r.LongMap())),
        OutputName = reader.OptionalText(),
    };

    /// <summary>Writes a range of sizes.</summary>
    public static void Write(MessageWriter writer, SizeRange range)
    {
        writer.Long(range.From);
        writer.Long(range.To);
    }

    /// <summary>Reads a range of sizes.</summary>
    public static SizeRange ReadRange(MessageReader reader) => new(reader.Long(), reader.Long());

    private static void Write(MessageWriter writer, DeviceMemory memory)
    {
        writer.Text(memory.Name);
        writer.Long(memory.Bytes);
        writer.Double(memory.Cost);
        writer.Int((int)memory.Holds);
    }
}
