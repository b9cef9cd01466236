using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>What there is to tell the developer, and what nobody foresaw, as parent and host hand it on.</summary>
internal static class ProblemMessage
{
    /// <summary>Writes a diagnostic.</summary>
    public static void Write(MessageWriter writer, SerenityDiagnostic diagnostic)
    {
        writer.Text(diagnostic.Code);
        writer.Int((int)diagnostic.Severity);
        writer.OptionalText(diagnostic.File);
        writer.Text(diagnostic.Message);
        writer.Optional(diagnostic.Settings, static (w, settings) => w.List(settings, static (w, setting) =>
        {
            w.Int((int)setting.Name);
            w.OptionalText(setting.Value);
        }));
    }

    /// <summary>Reads a diagnostic.</summary>
    public static SerenityDiagnostic ReadDiagnostic(MessageReader reader) => new(
        reader.Text(), (DiagnosticSeverity)reader.Int(), reader.OptionalText(), reader.Text(),
        reader.Optional(static r => r.List(static r => new AdvisedSetting((ModelSetting)r.Int(), r.OptionalText()))));

    /// <summary>Writes a fault.</summary>
    public static void Write(MessageWriter writer, HostFault fault)
    {
        writer.Text(fault.Type);
        writer.Text(fault.Message);
    }

    /// <summary>Reads a fault.</summary>
    public static HostFault ReadFault(MessageReader reader) => new(reader.Text(), reader.Text());
}
