using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>What holds over a range of sizes as parent and host hand it on.</summary>
internal static class RangeMessage
{
    /// <summary>Writes the facts of a range.</summary>
    public static void Write(MessageWriter writer, RangeFacts range)
    {
        writer.Map(range.Ranges, RequestMessage.Write);
        writer.List(range.Peaks, Write);
        writer.LongMap(range.PeakAt);
        writer.List(range.Points, Write);
        writer.List(range.Required, Write);
        writer.Optional(range.OneSize, static (w, one) =>
        {
            w.Long(one.Bytes);
            w.Text(one.Value);
            w.Text(one.Node);
            w.Text(one.Operator);
        });
    }

    /// <summary>Reads the facts of a range.</summary>
    public static RangeFacts Read(MessageReader reader) => new(reader.Map(RequestMessage.ReadRange), reader.List(ReadExpression), reader.LongMap(), reader.List(ReadPoint))
    {
        Required = reader.List(ReadExpression),
        OneSize = reader.Optional(static r => new OneSizeFacts(r.Long(), r.Text(), r.Text(), r.Text())),
    };

    /// <summary>Writes a bound of a size.</summary>
    public static void Write(MessageWriter writer, SizeBound bound)
    {
        writer.Text(bound.Tensor);
        writer.Longs(bound.Dims);
        writer.Bool(bound.AtMost);
        writer.Int((int)bound.Origin);
    }

    /// <summary>Reads a bound of a size.</summary>
    public static SizeBound ReadBound(MessageReader reader) => new(reader.Text(), reader.Longs(), reader.Bool(), (SizeOrigin)reader.Int());

    private static void Write(MessageWriter writer, RangePoint point)
    {
        writer.LongMap(point.Sizes);
        writer.Long(point.Bytes);
        writer.OptionalLong(point.MeasuredBytes);
        writer.OptionalLong(point.WorkspaceBytes);
        writer.OptionalLong(point.RequiredBytes);
    }

    private static RangePoint ReadPoint(MessageReader reader) =>
        new(reader.LongMap(), reader.Long(), reader.OptionalLong(), reader.OptionalLong()) { RequiredBytes = reader.OptionalLong() };

    private static void Write(MessageWriter writer, SizeExpression expression) => writer.Text(expression.ToString());

    private static SizeExpression ReadExpression(MessageReader reader)
    {
        try
        {
            return SizeExpressionText.Read(reader.Text());
        }
        catch (FormatException problem)
        {
            throw new InvalidDataException(problem.Message, problem);
        }
    }
}
