using System.Reflection;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>What a project shows is what others use: all else is internal, and may change without a thought for them.</summary>
[TestClass]
public sealed class PublicTypesTests
{
    private const BindingFlags Shown = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [TestMethod]
    [DataRow("Serenity.Onnx")]
    public void A_public_type_is_used_by_another_project_or_told_of_by_one_that_is(string project)
    {
        HashSet<string> used = [.. CodeMap.Built.Uses.Where(use => use.To.Project == project && use.From.Project != project).Select(use => use.To.Name)];
        // The message types of a protobuf file are made all alike.
        Type[] types = [.. Assembly.Load(project).GetExportedTypes().Where(type => !type.IsNested && type.Namespace?.EndsWith(".Schema", StringComparison.Ordinal) != true)];
        HashSet<Type> needed = [];
        Queue<Type> next = new(types.Where(type => used.Contains(NameOf(type))));
        while (next.TryDequeue(out Type? type))
        {
            if (type.Assembly.GetName().Name != project || !needed.Add(type))
                continue;
            foreach (Type told in ToldBy(type))
                next.Enqueue(told);
        }
        string[] wrong = [.. types.Where(type => !needed.Contains(type)).Select(NameOf).Order(StringComparer.Ordinal)];
        Assert.IsNotEmpty(needed);
        Assert.IsEmpty(wrong, "make them internal: " + string.Join(", ", wrong));
    }

    private static string NameOf(Type type) => type.FullName!.Split('`')[0];

    /// <summary>The types that a public type's own declaration, and what it shows, are made of.</summary>
    private static IEnumerable<Type> ToldBy(Type type)
    {
        IEnumerable<Type> told = type.GetInterfaces().Append(type.BaseType!)
            .Concat(type.GetNestedTypes())
            .Concat(type.GetProperties(Shown).Select(p => p.PropertyType))
            .Concat(type.GetFields(Shown).Select(f => f.FieldType))
            .Concat(type.GetConstructors(Shown).SelectMany(c => c.GetParameters()).Select(p => p.ParameterType))
            .Concat(type.GetMethods(Shown).SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(m.ReturnType)));
        return told.Where(t => t is not null).SelectMany(Parts).Select(t => t.DeclaringType ?? t).Concat(type.GetNestedTypes());
    }

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!) : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];
}
