using System.CommandLine;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Tool.Options;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>extract</c>: writes a piece of a model, as <c>Inputs</c>, <c>Outputs</c> and <c>FixedInputs</c> on an item cut it, for other tools or to look at.</summary>
internal static class ExtractCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("extract", "Write a piece of a model: from some of its values to others. Nothing is optimized.");
        Argument<string> model = new("model") { Description = "The model (.onnx)." };
        Option<string> output = new("--output", "-o") { HelpName = "file", Description = "Where to write it. Default: <model>.part.onnx beside the model." };
        OptionSwitch inputs = new(ModelOptions.Inputs), outputs = new(ModelOptions.Outputs), settled = new(ModelOptions.FixedInputs);
        Option<bool> json = JsonOption.Create();
        command.Add(model);
        command.Add(output);
        foreach (OptionSwitch option in (OptionSwitch[])[inputs, outputs, settled])
            command.Add(option.Parsed);
        command.Add(json);
        command.SetAction((parsed, _) => Task.Run(
            () =>
            {
                string given = parsed.GetValue(model)!;
                OptionFaults faults = new();
                T? Value<T>(ModelOption<T> option, OptionSwitch from) => faults.Of(() => option.Read(from.Text(parsed), option.Switch!.Name, given));
                OptimizeRequest request = new()
                {
                    ModelPath = context.PathOf(given),
                    Inputs = Value(ModelOptions.Inputs, inputs),
                    Outputs = Value(ModelOptions.Outputs, outputs),
                    FixedInputs = Value(ModelOptions.FixedInputs, settled),
                };
                faults.Throw();
                return Run(context, request, given, parsed.GetValue(output), parsed.GetValue(json));
            },
            CancellationToken.None));
        return command;
    }

    private static int Run(ToolContext context, OptimizeRequest request, string given, string? output, bool json)
    {
        if (request is { Inputs: null or { Count: 0 }, Outputs: null or { Count: 0 }, FixedInputs: null or { Count: 0 } })
            throw new SerenityException(SerenityCodes.BadOption, given, "Nothing says which piece. Give --inputs, --outputs or --fixed-inputs.");
        string target = OutputPath.Of(context, given, output, ".part");
        LoadedModel whole = ModelFile.Load(request.ModelPath), part = SourceModel.Extract(whole, request);
        IReadOnlyList<string> files = WrittenModel.Create(part.Model, part.Path, Path.GetFileName(target)).Save(target);
        if (json)
        {
            JsonText.Write(context.Console.Output, new { Nodes = part.Model.Graph.Node.Count, Inputs = Names(part.Model.Graph.Input), Outputs = Names(part.Model.Graph.Output), Files = files });
            return ExitCodes.Ok;
        }
        context.Console.Line($"{part.Model.Graph.Node.Count} of {Counted.Of(whole.Model.Graph.Node.Count, "node")}");
        TextTable table = new("value", "role", "type");
        foreach ((string role, ValueInfoProto value) in part.Model.Graph.Input.Select(i => ("input", i)).Concat(part.Model.Graph.Output.Select(o => ("output", o))))
            table.Add(ModelText.Clean(value.Name, 80), role, TypeOf(value));
        context.Console.Write(table);
        foreach (string file in files)
            context.Console.Line("wrote " + Path.GetRelativePath(context.Folder, file));
        return ExitCodes.Ok;
    }

    private static string[] Names(IEnumerable<ValueInfoProto> values) => [.. values.Select(v => v.Name)];

    private static string TypeOf(ValueInfoProto value) => value.Type?.TensorType is not { ElemType: not 0 } tensor ? "-"
        : ((TensorProto.Types.DataType)tensor.ElemType).ToString().ToLowerInvariant()
            + (tensor.Shape is { } shape ? $"[{string.Join(',', shape.Dim.Select(d => d.HasDimValue ? d.DimValue.ToString(System.Globalization.CultureInfo.InvariantCulture) : d.HasDimParam ? ModelText.Clean(d.DimParam, 40) : "?"))}]" : "");
}
