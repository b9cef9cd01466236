using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Dependencies;
using ArchUnitNET.Loader;
using Serenity.Testing;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>A type, the room its source lies in, and the types of ours that it uses.</summary>
/// <param name="Project">The project, as <c>Serenity.Onnx</c>.</param>
/// <param name="Room">The folder below the project's, as <c>Rewrites/Graph</c>; <see cref="RoomTable.Root"/> for the project's own.</param>
/// <param name="Name">Full name of the type.</param>
internal sealed record CodeType(string Project, string Room, string Name);

/// <summary>One type's use of another.</summary>
internal sealed record CodeUse(CodeType From, CodeType To);

/// <summary>Which types use which, read from the compiled assemblies, and in which folder each is written.</summary>
internal sealed partial class CodeMap
{
    private static readonly string[] _projects = ["Serenity.Planning", "Serenity.Onnx", "Serenity.Build", "Serenity.Runtime", "Serenity.Host", "Serenity.Tool"];

    private readonly Dictionary<string, CodeType> _types = new(StringComparer.Ordinal);

    private CodeMap()
    {
        foreach (string project in _projects)
            ReadSources(project);
        System.Reflection.Assembly[] assemblies = [.. _projects.Select(System.Reflection.Assembly.Load)];
        ArchUnitNET.Domain.Architecture architecture = new ArchLoader().LoadAssemblies(assemblies).Build();
        HashSet<CodeUse> uses = [];
        foreach (IType type in architecture.Types)
        {
            if (Find(type) is not { } from)
                continue;
            foreach (ITypeDependency dependency in type.Dependencies)
            {
                if (Find(dependency.Target) is { } to && to != from)
                    uses.Add(new CodeUse(from, to));
            }
        }
        Uses = uses;
    }

    /// <summary>The code as it was built.</summary>
    public static CodeMap Built { get; } = new();

    /// <summary>All types with a source file, and those that are generated.</summary>
    public IEnumerable<CodeType> Types => _types.Values;

    /// <summary>All uses between two of <see cref="Types"/>.</summary>
    public IReadOnlyCollection<CodeUse> Uses { get; }

    private CodeType? Find(IType type)
    {
        string name = type.FullName;
        // A nested type, one that the compiler made of a lambda or an iterator too, is part of the type around it.
        int nested = name.IndexOfAny(['+', '/']);
        if (nested >= 0)
            name = name[..nested];
        int generic = name.IndexOf('`', StringComparison.Ordinal);
        if (generic >= 0)
            name = name[..generic];
        if (_types.TryGetValue(name, out CodeType? found))
            return found;
        // Generated from onnx.proto.
        return name.StartsWith("Serenity.Onnx.Schema.", StringComparison.Ordinal) ? _types[name] = new CodeType("Serenity.Onnx", "Schema", name) : null;
    }

    private void ReadSources(string project)
    {
        string folder = Path.Combine(Checkout.Root, "src", project);
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string room = Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Replace('\\', '/');
            if (room.Split('/')[0] is "obj" or "bin")
                continue;
            string text = File.ReadAllText(file);
            string space = Namespace().Match(text).Groups["name"].Value;
            foreach (Match declared in Declaration().Matches(text))
            {
                string name = (space.Length > 0 ? space + "." : "") + declared.Groups["name"].Value;
                _types[name] = new CodeType(project, room == "." ? RoomTable.Root : room, name);
            }
        }
    }

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    // In the first column: not nested, and no prose.
    [GeneratedRegex(@"^(?:(?:public|internal|file|static|sealed|abstract|readonly|ref|partial|unsafe) )+(?:record struct|record class|class|struct|record|interface|enum|delegate [\w<>,.?\[\]]+) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
