using Serenity.Build.Results;

namespace Serenity.Tool.Formats;

/// <summary>A table of the models, and how many of them fit.</summary>
internal sealed class TextFormat : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        foreach (IGrouping<string, ModelResult> project in set.Results.GroupBy(r => r.Project))
        {
            if (project.Key.Length > 0)
                output.WriteLine(project.Key);
            output.WriteLine(ResultTable.Write([.. project]).ReplaceLineEndings());
            output.WriteLine();
        }
        output.WriteLine(set.Headline);
    }
}
