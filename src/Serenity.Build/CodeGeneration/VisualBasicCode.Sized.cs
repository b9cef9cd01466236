using System.Globalization;
using System.Text;

namespace Serenity.Build.CodeGeneration;

// A model that was written as a file for each of several sizes.
public sealed partial class VisualBasicCode
{
    private static void WriteSized(StringBuilder code, SizedModelCode model)
    {
        string access = Access(model.IsPublic);
        string parameters = string.Join(", ", model.Dimensions.Select(d => $"{Name(d.Identifier)} As Long")), names = string.Join(", ", model.Dimensions.Select(d => Name(d.Identifier)));
        string docs = string.Concat(model.Dimensions.Select(d => $"        ''' <param name=\"{d.Identifier}\">{Describe(d)}</param>\n"))
            + "        ''' <exception cref=\"Global.System.ArgumentOutOfRangeException\">No file takes them.</exception>\n";
        code.Append(CultureInfo.InvariantCulture, $"\n    ''' <summary>{Describe(model)}</summary>\n    {access} NotInheritable Class {Name(model.Identifier)}\n\n        Private Sub New()\n        End Sub\n");
        code.Append(CultureInfo.InvariantCulture, $"\n        ''' <summary>{SizedRequiredDoc}</summary>\n        Public Const RequiredBytes As Long = {model.RequiredBytes}L\n");
        ForEach("String", "PathFor", PathForDoc, "Path");
        ForEach("Long", "RequiredBytesFor", SizedRequiredForDoc, "RequiredBytes");
        code.Append(CultureInfo.InvariantCulture, $"\n        Private Shared Function FileFor({parameters}) As Integer\n");
        for (int file = 0; file < model.Files.Count; file++)
            code.Append(CultureInfo.InvariantCulture, $"            If {model.Takes(file, d => Name(d.Identifier), "=", " AndAlso ")} Then\n                Return {file}\n            End If\n");
        code.Append(CultureInfo.InvariantCulture, $"            Throw New Global.System.ArgumentOutOfRangeException({Quoted(model.Dimensions[0].Identifier)}, {Quoted(NoFile(model))})\n        End Function\n");
        WriteEnds(code, access, "Inputs", "What the model reads.", [.. model.Inputs.Select(i => i.Tensor)]);
        WriteEnds(code, access, "Outputs", "What the model gives.", [.. model.Outputs.Select(o => o.Tensor)]);
        if (model.RunsInBlocks)
            WriteSizedSession(code, model);
        code.Append("\n    End Class\n");

        void ForEach(string type, string name, string doc, string member)
        {
            code.Append(CultureInfo.InvariantCulture, $"\n        ''' <summary>{doc}</summary>\n{docs}        Public Shared Function {name}({parameters}) As {type}\n            Select Case FileFor({names})\n");
            for (int file = 0; file < model.Files.Count; file++)
                code.Append(CultureInfo.InvariantCulture, $"                Case {(file < model.Files.Count - 1 ? file : "Else")}\n                    Return {Name(model.Files[file].Model.Identifier)}.{member}\n");
            code.Append("            End Select\n        End Function\n");
        }
    }

    private static void WriteSizedSession(StringBuilder code, SizedModelCode model)
    {
        code.Append(CultureInfo.InvariantCulture, $"\n        ''' <summary>{SizedSessionDoc}</summary>\n        ''' <param name=\"plannedOptions\">{PlannedOptionsDoc}; Nothing for the defaults.</param>\n");
        code.Append(CultureInfo.InvariantCulture, $"        Public Shared Function CreateSession(Optional plannedOptions As {SerenityRuntime}PlannedSessionOptions = Nothing) As {SerenityRuntime}SizedSession\n            Return New {SerenityRuntime}SizedSession(\n");
        string models = string.Join(",\n", model.Files.Select(file =>
        {
            string shapes = string.Join(", ", file.InputShapes.Select(shape => $"New Long() {{{Numbers(shape, ", ", "L")}}}"));
            return $"                    New {SerenityRuntime}SizedModel(New Long() {{{Numbers(file.Sizes, ", ", "L")}}}, New Long()() {{{shapes}}}, Function() {Name(file.Model.Identifier)}.CreateSession(plannedOptions))";
        }));
        code.Append(CultureInfo.InvariantCulture, $"                New String() {{{string.Join(", ", model.Dimensions.Select(d => Quoted(d.Name)))}}},\n                New {SerenityRuntime}SizedModel() {{\n{models}\n                }},\n");
        code.Append(CultureInfo.InvariantCulture, $"                New {SerenityRuntime}SizedTensor() {{\n{Tensors(model.Inputs)}\n                }},\n                New {SerenityRuntime}SizedTensor() {{\n{Tensors(model.Outputs)}\n                }})\n        End Function\n");

        static string Tensors(IReadOnlyList<SizedTensorCode> tensors) => string.Join(",\n", tensors.Select(t =>
            $"                    New {SerenityRuntime}SizedTensor({Quoted(t.Tensor.Name)}, New String() {{{string.Join(", ", t.Axes.Select(Quoted))}}}{(t.Padding is null ? "" : ", " + Quoted(t.Padding))})"));
    }
}
