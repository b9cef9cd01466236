using System.Globalization;
using System.Text;

namespace Serenity.Build.CodeGeneration;

// A model that was written as a file for each of several sizes.
public sealed partial class CSharpCode
{
    private static void WriteSized(StringBuilder code, SizedModelCode model)
    {
        string access = Access(model.IsPublic);
        string parameters = string.Join(", ", model.Dimensions.Select(d => $"long @{d.Identifier}")), names = string.Join(", ", model.Dimensions.Select(d => "@" + d.Identifier));
        string docs = string.Concat(model.Dimensions.Select(d => $"        /// <param name=\"{d.Identifier}\">{Describe(d)}</param>\n"))
            + "        /// <exception cref=\"global::System.ArgumentOutOfRangeException\">No file takes them.</exception>\n";
        code.Append(CultureInfo.InvariantCulture, $"\n    /// <summary>{Describe(model)}</summary>\n    {access} static class {model.Identifier}\n    {{\n");
        code.Append(CultureInfo.InvariantCulture, $"        /// <summary>{SizedRequiredDoc}</summary>\n        public const long RequiredBytes = {model.RequiredBytes}L;\n");
        ForEach("string", "PathFor", PathForDoc, "Path");
        ForEach("long", "RequiredBytesFor", SizedRequiredForDoc, "RequiredBytes");
        code.Append(CultureInfo.InvariantCulture, $"\n        private static int FileFor({parameters})\n        {{\n");
        for (int file = 0; file < model.Files.Count; file++)
            code.Append(CultureInfo.InvariantCulture, $"            if ({model.Takes(file, d => "@" + d.Identifier, "==", " && ")})\n                return {file};\n");
        code.Append(CultureInfo.InvariantCulture, $"            throw new global::System.ArgumentOutOfRangeException(nameof(@{model.Dimensions[0].Identifier}), {Literal(NoFile(model))});\n        }}\n");
        WriteEnds(code, access, "Inputs", "What the model reads.", [.. model.Inputs.Select(i => i.Tensor)]);
        WriteEnds(code, access, "Outputs", "What the model gives.", [.. model.Outputs.Select(o => o.Tensor)]);
        if (model.RunsInBlocks)
            WriteSizedSession(code, model);
        code.Append("    }\n");

        void ForEach(string type, string name, string doc, string member)
        {
            code.Append(CultureInfo.InvariantCulture, $"\n        /// <summary>{doc}</summary>\n{docs}        public static {type} {name}({parameters})\n        {{\n            switch (FileFor({names}))\n            {{\n");
            for (int file = 0; file < model.Files.Count; file++)
                code.Append(CultureInfo.InvariantCulture, $"                {(file < model.Files.Count - 1 ? $"case {file}" : "default")}:\n                    return {model.Files[file].Model.Identifier}.{member};\n");
            code.Append("            }\n        }\n");
        }
    }

    private static void WriteSizedSession(StringBuilder code, SizedModelCode model)
    {
        code.Append(CultureInfo.InvariantCulture, $"\n        /// <summary>{SizedSessionDoc}</summary>\n        public static {SerenityRuntime}SizedSession CreateSession()\n        {{\n            return CreateSession(null);\n        }}\n");
        code.Append(CultureInfo.InvariantCulture, $"\n        /// <summary>{SizedSessionDoc}</summary>\n        /// <param name=\"plannedOptions\">{PlannedOptionsDoc}; null for the defaults.</param>\n");
        code.Append(CultureInfo.InvariantCulture, $"        public static {SerenityRuntime}SizedSession CreateSession({SerenityRuntime}PlannedSessionOptions plannedOptions)\n        {{\n            return new {SerenityRuntime}SizedSession(\n");
        code.Append(CultureInfo.InvariantCulture, $"                new string[] {{ {string.Join(", ", model.Dimensions.Select(d => Literal(d.Name)))} }},\n                new {SerenityRuntime}SizedModel[]\n                {{\n");
        foreach (SizedFileCode file in model.Files)
        {
            string own = file.Model.Identifier, open = file.Model.Concurrency > 1 ? $"plannedOptions == null ? {own}.CreateSession() : {own}.CreateSession(plannedOptions)" : $"{own}.CreateSession(plannedOptions)";
            string shapes = string.Join(", ", file.InputShapes.Select(shape => $"new long[] {{ {Numbers(shape, ", ", "L")} }}"));
            code.Append(CultureInfo.InvariantCulture, $"                    new {SerenityRuntime}SizedModel(new long[] {{ {Numbers(file.Sizes, ", ", "L")} }}, new long[][] {{ {shapes} }}, () => {open}),\n");
        }
        code.Append(CultureInfo.InvariantCulture, $"                }},\n{Tensors(model.Inputs)},\n{Tensors(model.Outputs)});\n        }}\n");

        static string Tensors(IReadOnlyList<SizedTensorCode> tensors) => $"                new {SerenityRuntime}SizedTensor[]\n                {{\n{string.Concat(tensors.Select(t =>
            $"                    new {SerenityRuntime}SizedTensor({Literal(t.Tensor.Name)}, new string[] {{ {string.Join(", ", t.Axes.Select(Literal))} }}{(t.Padding is null ? "" : ", " + Literal(t.Padding))}),\n"))}                }}";
    }
}
