using System.Globalization;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Terminal;

/// <summary>What travels to and from the memory outside a chip, in a terminal: for the capacity asked about, and the curve over others.</summary>
internal static class TrafficTables
{
    /// <summary>Writes them.</summary>
    public static void Write(ToolConsole console, TrafficFacts traffic, long peakBytes)
    {
        console.Line();
        console.Heading($"Traffic with {ByteSize.Format(traffic.OnChipBytes)} on chip, in one run");
        TextTable table = new("order", ">read", ">written", ">together", ">Belady", "note");
        foreach (OrderTraffic order in traffic.Orders)
        {
            string note = order.Bytes == order.LowerBoundBytes ? "least of this order" : $"least may be {ByteSize.Rounded(order.LowerBoundBytes)}";
            if (order.StreamedSteps > 0)
                note += string.Create(CultureInfo.InvariantCulture, $"; {(order.StreamedSteps == 1 ? "1 step is larger than the chip and streams" : $"{order.StreamedSteps} steps are larger than the chip and stream")}");
            table.Add(Title(order.Order), Bytes(order.ReadBytes), Bytes(order.WrittenBytes), Bytes(order.Bytes), Bytes(order.BeladyBytes), note);
        }
        console.Write(table);
        console.Line($"No order of the written model{(traffic.MostPeakBytes is { } most ? $" that needs at most {ByteSize.Format(most)}" : "")} moves less than {ByteSize.Format(traffic.LowerBoundBytes)}.");
        if (traffic.LeastPeakBytes is { } least && peakBytes > least)
            console.Line($"The arena could be {ByteSize.Format(least)}; it is {ByteSize.Format(peakBytes)} since that order moves less.");
        console.Line();
        console.Heading("Bytes read and written by capacity");
        TextTable curve = new([">on chip", .. traffic.Orders.Select(o => ">" + Title(o.Order))]);
        foreach (TrafficPoint point in traffic.Curve)
            curve.Add([Bytes(point.OnChipBytes), .. point.Bytes.Select(Bytes)]);
        console.Write(curve);
    }

    private static string Title(string order) => order switch
    {
        "file" => "source, as in the file",
        "onnxRuntime" => "source, as ONNX Runtime runs it",
        "planned" => "planned",
        _ => ModelText.Clean(order),
    };

    private static string Bytes(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);
}
