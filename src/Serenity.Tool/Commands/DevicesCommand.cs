using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Text;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>devices</c>: the devices that a budget can be taken from.</summary>
internal static class DevicesCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("devices", "List the well-known devices, with the source of each figure.");
        Option<bool> json = JsonOption.Create();
        command.Add(json);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                JsonText.Write(context.Console.Output, DeviceCatalog.Devices);
                return ExitCodes.Ok;
            }
            TextTable table = new("device", ">memory", ">weights", "memories", "source");
            foreach (Device device in DeviceCatalog.Devices)
                table.Add(device.Name, Size(device.MemoryBytes), Size(device.WeightBytes), Memories(device), device.Source);
            context.Console.Write(table);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Memories(Device device) =>
        device.Memories.Count == 0 ? "-" : string.Join(", ", device.Memories.Select(m => FormattableString.Invariant($"{m.Name} {ByteSize.Rounded(m.Bytes)} at {m.Cost}")));

    private static string Size(long? bytes) => bytes is long known ? ByteSize.Rounded(known) : "-";
}
