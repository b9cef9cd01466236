using System.CommandLine;
using Serenity.Build.Budgets;
using Serenity.Build.Identity;
using Serenity.Build.Items;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Shapes;
using Serenity.Tool.Options;
using Serenity.Tool.Projects;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary><c>init</c>: puts the package and the models of a folder into a project.</summary>
internal static class InitCommand
{
    private const int MostModels = 200;

    private static readonly string[] _endings = [".csproj", ".fsproj", ".vbproj"];

    /// <summary>Creates the command.</summary>
    public static Command Create(ToolContext context)
    {
        Command command = new("init", "Add Serenity.Build and the models below a project's folder to the project.");
        Argument<string> project = new("project") { HelpName = "project", Description = "The project file, or its folder. Default: the one in this folder.", Arity = ArgumentArity.ZeroOrOne };
        BudgetSwitches budgets = new();
        command.Add(project);
        budgets.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = Find(context, parsed.GetValue(project) ?? ".");
            MemoryBudgets? limits = budgets.Read(parsed, path);
            string folder = Path.GetDirectoryName(path)!;
            bool Counts(string model) => !Path.GetRelativePath(folder, model).Split('/', '\\').Any(part => part is "bin" or "obj" or "node_modules" || part.StartsWith('.'));
            string[] models = [.. FileGlob.Find("**/*.onnx", folder, MostModels + 1).Where(Counts).Select(m => Path.GetRelativePath(folder, m).Replace('\\', '/'))];
            if (models.Length > MostModels)
                throw new SerenityException(SerenityCodes.BadOption, path, $"There are more than {MostModels} models below the project's folder. Add a SerenityModel item with a glob yourself.");
            ProjectEdit edit = new(path, ToolIdentity.Tool.Version);
            IReadOnlyList<string> done = edit.Add(models, limits, model => SizesOf(Path.Combine(folder, model)));
            foreach (string what in done)
                context.Console.Line(what);
            if (done.Count == 0)
                context.Console.Line("Nothing to do: the package and the models are there.");
            foreach ((string model, string sizes) in edit.Open)
                context.Console.Line($"{ModelText.Clean(model)} leaves dimensions of its inputs open, and {ModelText.Clean(sizes)} was written to begin with. Write the sizes that the app gives, or a range of them, in FreeDimensions.");
            if (edit.NotHeld.Count > 0)
            {
                (string are, string items) = edit.NotHeld.Count == 1
                    ? ("is in the project already, and was left as it is", "its SerenityModel item") : ("are in the project already, and were left as they are", "their SerenityModel items");
                string what = limits!.Device is null ? "budget" : "device";
                context.Console.Line($"{string.Join(", ", edit.NotHeld)} {are}. The {what} holds there where you write {ProjectEdit.AttributesOf(limits)} at {items}.");
            }
            context.Console.Line(models.Length == 0
                ? "There is no model yet: put one below the project's folder and run this again, or add a SerenityModel item."
                : limits is null && !edit.HoldsModels ? "Next: 'dotnet build'. The table at its end says what each model needs; then give it a MemoryBudget." : "Next: 'dotnet build'.");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string? SizesOf(string path)
    {
        try
        {
            return OpenSizes.Propose(ModelFile.Load(path));
        }
        catch (SerenityException)
        {
            // The build says what is wrong with it.
            return null;
        }
    }

    private static string Find(ToolContext context, string given)
    {
        string path = context.PathOf(given);
        if (File.Exists(path))
        {
            return _endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) ? path
                : throw new SerenityException(SerenityCodes.BadOption, given, $"This is no project. Name a file that ends with {string.Join(", ", _endings)}.");
        }
        string[] projects = Directory.Exists(path) ? [.. Directory.GetFiles(path).Where(f => _endings.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))] : [];
        return projects.Length == 1 ? projects[0] : throw new SerenityException(
            SerenityCodes.BadOption, given, projects.Length == 0 ? "There is no project here. Name it, or make one: 'dotnet new console'."
                : $"There are several projects here: name one of {string.Join(", ", projects.Select(Path.GetFileName).Order(StringComparer.Ordinal))}.");
    }
}
