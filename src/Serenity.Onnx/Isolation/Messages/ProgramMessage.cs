using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>A program of steps and buffers as parent and host hand it on.</summary>
internal static class ProgramMessage
{
    /// <summary>Writes one.</summary>
    public static void Write(MessageWriter writer, ExecutionProgram program)
    {
        writer.List(program.Steps, Write);
        writer.List(program.Buffers, Write);
    }

    /// <summary>Reads one.</summary>
    public static ExecutionProgram Read(MessageReader reader) => new(reader.List(ReadStep), reader.List(ReadBuffer));

    private static void Write(MessageWriter writer, ProgramStep step)
    {
        writer.Text(step.Node);
        writer.Text(step.OperatorType);
        writer.Ints(step.Inputs);
        writer.Ints(step.Outputs);
        writer.OptionalInt(step.Scratch);
    }

    private static ProgramStep ReadStep(MessageReader reader) => new(reader.Text(), reader.Text(), reader.Ints(), reader.Ints(), reader.OptionalInt());

    private static void Write(MessageWriter writer, ProgramBuffer buffer)
    {
        writer.Int(buffer.Index);
        writer.Int((int)buffer.Kind);
        writer.Text(buffer.Name);
        writer.Text(buffer.Owner);
        writer.Long(buffer.Bytes);
        writer.OptionalLong(buffer.Offset);
        writer.Int(buffer.FirstStep);
        writer.Int(buffer.LastStep);
        writer.OptionalInt(buffer.SharesWith);
        writer.Optional(buffer.Parts, static (w, parts) => w.Ints(parts));
        writer.OptionalText(buffer.Type);
        writer.Optional(buffer.Writers, static (w, writers) => w.Ints(writers));
        writer.Optional(buffer.Readers, static (w, readers) => w.Ints(readers));
        writer.Optional(buffer.OpenShape, static (w, shape) => w.Texts(shape));
        writer.OptionalText(buffer.Memory);
        writer.Optional(buffer.Move, static (w, move) =>
        {
            w.Int(move.Step);
            w.Text(move.Memory);
            w.Long(move.Offset);
        });
    }

    private static ProgramBuffer ReadBuffer(MessageReader reader) => new(
        reader.Int(), (BufferKind)reader.Int(), reader.Text(), reader.Text(), reader.Long(), reader.OptionalLong(), reader.Int(), reader.Int(), reader.OptionalInt(),
        reader.Optional(static r => r.Ints()), reader.OptionalText(), reader.Optional(static r => r.Ints()), reader.Optional(static r => r.Ints()))
    {
        OpenShape = reader.Optional(static r => r.Texts()),
        Memory = reader.OptionalText(),
        Move = reader.Optional(static r => new TensorMove(r.Int(), r.Text(), r.Long())),
    };
}
