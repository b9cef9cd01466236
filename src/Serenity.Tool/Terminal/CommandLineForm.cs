using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Terminal;

/// <summary>
/// Problems are worded for project files, since most are met in a build. The settings that one of them names are written another way on the command line; this says how.
/// </summary>
internal static class CommandLineForm
{
    /// <summary>A sentence to stand behind a message; empty where it names no setting that the command line has.</summary>
    public static string Of(IReadOnlyList<AdvisedSetting>? settings)
    {
        List<string> parts = [];
        HashSet<ModelSetting> told = [];
        // How to write a value says what the setting is called, too.
        foreach (AdvisedSetting advised in (settings ?? []).OrderBy(s => s.Value is null))
        {
            if (!told.Contains(advised.Name) && Written(advised) is { } written)
            {
                told.Add(advised.Name);
                parts.Add(written);
            }
        }
        return parts.Count == 0 ? "" : $" On the command line: {string.Join(", ", parts)}.";
    }

    /// <summary>The option that a setting is.</summary>
    public static ModelOption OptionOf(ModelSetting setting) => ModelOptions.All.First(option => option.Name == setting.ToString());

    private static string? Written(AdvisedSetting advised)
    {
        ModelOption option = OptionOf(advised.Name);
        if (option.Switch is not { } known)
            return null;
        string name = known.Alias ?? known.Name;
        if (advised.Value is not { } value)
            return option is ModelOption<bool> ? null : $"{option.Name} is {name}";
        // A flag is there to change the default.
        if (option is ModelOption<bool> flag)
            return flag.Default == (value == "false") ? name : null;
        return known.Repeats ? string.Join(' ', value.Split(';').Select(part => $"{name} {Quoted(part)}")) : $"{name} {Quoted(value)}";
    }

    private static string Quoted(string value) => value.All(c => char.IsAsciiLetterOrDigit(c) || c is '=' or '.' or '_' or ':' or '-' or '/') ? value : $"\"{value}\"";
}
