using System.Globalization;
using Microsoft.Build.Framework;
using Serenity.Build.Items;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Task = Microsoft.Build.Utilities.Task;

namespace Serenity.Build.Tasks;

/// <summary>What the tasks have in common: where the project is, and that no exception leaves a task.</summary>
public abstract class SerenityTask : Task
{
    /// <summary>Longest message, in characters: a model's names may be of any length.</summary>
    private const int LongestMessage = 2000;

    /// <summary>Absolute path of the project's folder; item paths are relative to it, not to the process's current folder.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

    /// <summary>Absolute path of the project's file; empty where there is none to speak of.</summary>
    public string ProjectFile { get; set; } = "";

    /// <summary>Folder in obj that stands for the output folder; absolute, or relative to the project.</summary>
    [Required]
    public string StagingFolder { get; set; } = "";

    /// <inheritdoc/>
    public sealed override bool Execute()
    {
        try
        {
            ProjectFolder = Path.GetFullPath(ProjectFolder);
            StagingFolder = Path.GetFullPath(StagingFolder, ProjectFolder);
            Run();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception problem)
        {
            Report(ProblemDiagnostic.Of(problem, null), problem);
        }
        return !Log.HasLoggedErrors;
    }

    /// <summary>Does the work. Problems are reported or thrown.</summary>
    protected abstract void Run();

    /// <summary>Reads items, each of those that list sizes as the several that it stands for; those that are wrong are told of and left out.</summary>
    /// <param name="items">The items.</param>
    /// <param name="refuse">Told of which item what is wrong, and the exception that says so; null to report it.</param>
    private protected List<(ITaskItem Item, ModelItem Model)> ReadModels(IEnumerable<ITaskItem> items, Action<ITaskItem, SerenityDiagnostic, Exception>? refuse = null)
    {
        List<(ITaskItem, ModelItem)> models = [];
        foreach (ITaskItem whole in items)
        {
            HashSet<string> told = new(StringComparer.Ordinal);
            foreach (ITaskItem item in SizeLists.Expand(whole))
            {
                try
                {
                    models.Add((item, ModelItem.Read(item, ProjectFolder, StagingFolder)));
                }
                catch (SerenityException problem)
                {
                    // What is wrong with the item is wrong at each of its sizes.
                    if (!told.Add(problem.Message))
                        continue;
                    if (refuse is null)
                        Report(problem.ToDiagnostic(), problem, ItemPlace.Of(item));
                    else
                        refuse(item, problem.ToDiagnostic(), problem);
                }
            }
        }
        return models;
    }

    /// <summary>
    /// Logs a diagnostic, with its page as the help link: at the project's line that it is about, where that is known, since that is where it is mended and what an editor
    /// or a pull request shows, and then its message begins with the model's name; else at the file.
    /// </summary>
    private protected void Report(SerenityDiagnostic diagnostic, Exception? cause = null, ProjectPlace? place = null)
    {
        string? help = HelpPage(diagnostic.Code);
        // Names of the model's may hold line breaks and terminal escapes, and so forge lines of the build's log.
        string? file = diagnostic.File is null ? null : ModelText.Clean(diagnostic.File);
        string message = ModelText.Clean(diagnostic.Message, LongestMessage);
        if (place is not null && file != place.File)
        {
            message = file is null ? message : $"{file}: {message}";
            file = place.File;
            // MSBuild's console names the project behind a message, but not where the message stands in the project itself; GitHub's problem matcher takes no line without.
            if (file == ProjectFile)
                message += $" [{ModelText.Clean(file)}]";
        }
        // The message is text, not a format: it may hold braces.
        if (diagnostic.Severity == DiagnosticSeverity.Error)
            Log.LogError(null, diagnostic.Code, null, help, file, place?.Line ?? 0, place?.Column ?? 0, 0, 0, "{0}", message);
        else
            Log.LogWarning(null, diagnostic.Code, null, help, file, place?.Line ?? 0, place?.Column ?? 0, 0, 0, "{0}", message);
        if (cause is not null)
            Log.LogMessage(MessageImportance.Low, "{0}", cause);
    }

    /// <summary>The code's page, which lies in the package; null where the task runs from elsewhere.</summary>
    private static string? HelpPage(string code)
    {
        string? tasks = Path.GetDirectoryName(typeof(SerenityTask).Assembly.Location);
        if (string.IsNullOrEmpty(tasks))
            return null;
        string page = Path.GetFullPath(Path.Combine(tasks, "..", "..", "docs", "errors", code + ".md"));
        return File.Exists(page) ? new Uri(page).AbsoluteUri : null;
    }

    /// <summary>Invariant text.</summary>
    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
