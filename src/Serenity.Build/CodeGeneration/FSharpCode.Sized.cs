using System.Globalization;
using System.Text;

namespace Serenity.Build.CodeGeneration;

// A model that was written as a file for each of several sizes.
public sealed partial class FSharpCode
{
    private static void WriteSized(StringBuilder code, SizedModelCode model)
    {
        string parameters = string.Join(", ", model.Dimensions.Select(d => $"``{d.Identifier}``: int64")), names = string.Join(", ", model.Dimensions.Select(d => $"``{d.Identifier}``"));
        string docs = string.Concat(model.Dimensions.Select(d => $"        /// <param name=\"{d.Identifier}\">{Describe(d)}</param>\n"));
        code.Append(CultureInfo.InvariantCulture, $"\n    /// <summary>{Describe(model)}</summary>\n    module {(model.IsPublic ? "" : "internal ")}{model.Identifier} =\n");
        code.Append(CultureInfo.InvariantCulture, $"        /// <summary>{SizedRequiredDoc}</summary>\n        [<Literal>]\n        let RequiredBytes = {model.RequiredBytes}L\n");
        code.Append(CultureInfo.InvariantCulture, $"\n        let private fileFor ({parameters}) : int =\n");
        for (int file = 0; file < model.Files.Count; file++)
            code.Append(CultureInfo.InvariantCulture, $"            {(file == 0 ? "if" : "elif")} {model.Takes(file, d => $"``{d.Identifier}``", "=", " && ")} then {file}\n");
        code.Append(CultureInfo.InvariantCulture, $"            else raise (global.System.ArgumentOutOfRangeException({Literal(model.Dimensions[0].Identifier)}, {Literal(NoFile(model))}))\n");
        ForEach("string", "PathFor", PathForDoc, "Path");
        ForEach("int64", "RequiredBytesFor", SizedRequiredForDoc, "RequiredBytes");
        WriteEnds(code, "Inputs", "What the model reads.", [.. model.Inputs.Select(i => i.Tensor)]);
        WriteEnds(code, "Outputs", "What the model gives.", [.. model.Outputs.Select(o => o.Tensor)]);
        if (model.RunsInBlocks)
            WriteSizedSession(code, model);

        void ForEach(string type, string name, string doc, string member)
        {
            code.Append(CultureInfo.InvariantCulture, $"\n        /// <summary>{doc}</summary>\n{docs}        let {name} ({parameters}) : {type} =\n            match fileFor ({names}) with\n");
            for (int file = 0; file < model.Files.Count; file++)
                code.Append(CultureInfo.InvariantCulture, $"            | {(file < model.Files.Count - 1 ? file : "_")} -> {model.Files[file].Model.Identifier}.{member}\n");
        }
    }

    private static void WriteSizedSession(StringBuilder code, SizedModelCode model)
    {
        code.Append(CultureInfo.InvariantCulture, $"\n        /// <summary>{SizedSessionDoc}</summary>\n        let CreateSession () =\n            new {SerenityRuntime}SizedSession(\n");
        code.Append(CultureInfo.InvariantCulture, $"                [| {string.Join("; ", model.Dimensions.Select(d => Literal(d.Name)))} |],\n                [|\n");
        foreach (SizedFileCode file in model.Files)
        {
            string shapes = string.Join("; ", file.InputShapes.Select(shape => $"([| {Numbers(shape, "; ", "L")} |] : int64[]) :> global.System.Collections.Generic.IReadOnlyList<int64>"));
            code.Append(CultureInfo.InvariantCulture, $"                    {SerenityRuntime}SizedModel([| {Numbers(file.Sizes, "; ", "L")} |], [| {shapes} |], (fun () -> {file.Model.Identifier}.CreateSession ()))\n");
        }
        code.Append(CultureInfo.InvariantCulture, $"                |],\n{Tensors(model.Inputs)},\n{Tensors(model.Outputs)}\n            )\n");

        static string Tensors(IReadOnlyList<SizedTensorCode> tensors) => $"                [|\n{string.Concat(tensors.Select(t =>
            $"                    {SerenityRuntime}SizedTensor({Literal(t.Tensor.Name)}, ([| {string.Join("; ", t.Axes.Select(Literal))} |] : string[]){(t.Padding is null ? "" : ", " + Literal(t.Padding))})\n"))}                |]";
    }
}
