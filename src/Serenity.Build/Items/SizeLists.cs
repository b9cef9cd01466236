using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Options;
using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// Items whose <c>FreeDimensions</c> list several sizes of a dimension: each stands for several models, one for every combination of sizes, with a file, a manifest and a verdict of its own.
/// </summary>
internal static class SizeLists
{
    private const string Sizes = "_Sizes", Whole = "_SizesOf", Filled = "_FilledFrom";

    /// <summary>The items of one that may list sizes; itself where it does not, or where its sizes cannot be read, which whoever reads it says.</summary>
    /// <param name="item">The item.</param>
    public static IReadOnlyList<ITaskItem> Expand(ITaskItem item)
    {
        if (!item.GetMetadata(ModelOptions.FreeDimensions.Name).Contains(',', StringComparison.Ordinal) || TextOf(item) == ProjectsTextOf(item) || Read(item) is not { Lists.Count: > 0 } sizes)
            return [item];
        string target = item.GetMetadata("TargetPath") is { Length: > 0 } given ? given : Path.GetFileName(item.ItemSpec);
        return [.. sizes.Combinations().Select(one => Sized(item, target, one.Chosen, one.Sizes, FilledFrom(one.Chosen, sizes)))];
    }

    /// <summary>Sizes of inputs that an item's model takes and has to have filled up; empty where it takes its own size alone, or is the only one.</summary>
    public static IReadOnlyDictionary<string, long> FilledFrom(ITaskItem item) => item.GetMetadata(Filled).Length == 0 ? new Dictionary<string, long>()
        : ModelOptions.FreeDimensions.Read(ItemText.Of(item, Filled, ModelOptions.FreeDimensions), ModelOptions.FreeDimensions.Name, item.ItemSpec).Sizes;

    // Half of what the file takes, where no smaller file takes that.
    private static IEnumerable<KeyValuePair<string, long>> FilledFrom(IReadOnlyList<KeyValuePair<string, long>> chosen, DimensionSizes sizes) => chosen
        .Select(one => KeyValuePair.Create(one.Key, Math.Max(sizes.Lists[one.Key].Where(size => size < one.Value).DefaultIfEmpty(0).Max() + 1, (one.Value + 1) / 2)))
        .Where(from => chosen.First(one => one.Key == from.Key).Value > from.Value);

    /// <summary>The sizes that tell an item's model from others of the same item, as <c>seq=128</c>; empty for an item's only model.</summary>
    public static string SizesOf(ITaskItem item) => item.GetMetadata(Sizes);

    /// <summary>The target path that the models of an item with lists would have had if it were one; empty for an item's only model.</summary>
    public static string WholeOf(ITaskItem item) => item.GetMetadata(Whole);

    /// <summary>A path with sizes before its ending: <c>net.seq128.onnx</c>.</summary>
    /// <param name="path">The path of the model.</param>
    /// <param name="sizes">The sizes, by name.</param>
    public static string PathOf(string path, IEnumerable<KeyValuePair<string, long>> sizes)
    {
        string without = ModelFormats.WithoutExtension(path);
        StringBuilder name = new(without);
        foreach ((string dimension, long size) in sizes)
        {
            string plain = string.Concat(dimension.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'));
            name.Append('.').Append(plain.Length == 0 ? "size" : plain).Append(FormattableString.Invariant($"{size}"));
        }
        return name.Append(path, without.Length, path.Length - without.Length).ToString();
    }

    /// <summary>Sizes as text: <c>batch=1, seq=128</c>.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, long>> sizes) => string.Join(", ", sizes.Select(s => FormattableString.Invariant($"{s.Key}={s.Value}")));

    /// <summary>The error where one model is wanted and several sizes are listed.</summary>
    /// <param name="spelled">What the user calls the option.</param>
    /// <param name="why">Why there can be only one.</param>
    /// <param name="file">The model as the user named it.</param>
    public static SerenityException OnlyOne(string spelled, string why, string file) => new(
        SerenityCodes.BadOption, file, $"{spelled} lists several sizes of a dimension, which are several models, and {why}.");

    private static TaskItem Sized(ITaskItem item, string target, IReadOnlyList<KeyValuePair<string, long>> chosen, DimensionSizes sizes, IEnumerable<KeyValuePair<string, long>> from)
    {
        TaskItem sized = new(item);
        // Metadata is taken as it stands in a project file.
        sized.SetMetadata(ModelOptions.FreeDimensions.Name, string.Join(';', sizes.Select(s => ItemText.Escape($"{NameList.Quote(s.Key)}={s.Value}"))));
        sized.SetMetadata(Filled, string.Join(';', from.Select(s => ItemText.Escape(FormattableString.Invariant($"{NameList.Quote(s.Key)}={s.Value}")))));
        sized.SetMetadata("TargetPath", ItemText.Escape(PathOf(target, chosen)));
        sized.SetMetadata(Whole, ItemText.Escape(target));
        sized.SetMetadata(Sizes, ItemText.Escape(TextOf(chosen)));
        return sized;
    }

    private static DimensionSizes? Read(ITaskItem item)
    {
        try
        {
            return ModelOptions.FreeDimensions.Read(TextOf(item), ModelOptions.FreeDimensions.Name, item.ItemSpec);
        }
        catch (SerenityException)
        {
            return null;
        }
    }

    private static string TextOf(ITaskItem item) => ItemText.Of(item, ModelOptions.FreeDimensions.Name, ModelOptions.FreeDimensions);

    private static string ProjectsTextOf(ITaskItem item) => ItemText.Of(item, ModelItem.Projects + ModelOptions.FreeDimensions.Name, ModelOptions.FreeDimensions);
}
