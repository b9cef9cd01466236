using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Serenity.Build.Options;

namespace Serenity.Build.Items;

/// <summary>Text as MSBuild wants it of a task, and as a task has it from MSBuild.</summary>
internal static partial class ItemText
{
    /// <summary>MSBuild takes back every %XX, so a "%41" in a file's name would become an "A".</summary>
    public static string Escape(string text) => text.Replace("%", "%25", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal)
        .Replace("*", "%2A", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);

    /// <summary>The text of an option. In a list of names a semicolon that was written <c>%3B</c> stays so, to be told from those between names.</summary>
    /// <param name="item">The item.</param>
    /// <param name="metadata">Name of the metadata.</param>
    /// <param name="option">What it is read as.</param>
    public static string Of(ITaskItem item, string metadata, ModelOption option) => option.Syntax.IsNameList && item is ITaskItem2 escaped
        ? Hex().Replace(escaped.GetMetadataValueEscaped(metadata), code => code.Value.Equals("%3B", StringComparison.OrdinalIgnoreCase) ? code.Value
            : ((char)byte.Parse(code.ValueSpan[1..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString())
        : item.GetMetadata(metadata);

    [GeneratedRegex("%[0-9a-fA-F]{2}")]
    private static partial Regex Hex();
}
