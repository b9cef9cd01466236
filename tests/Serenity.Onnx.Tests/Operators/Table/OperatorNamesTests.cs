using System.Text.RegularExpressions;
using Serenity.Onnx.Operators.Table;
using Serenity.Testing;

namespace Serenity.Onnx.Tests.Operators.Table;

/// <summary>
/// Operators are named in the operator table. Elsewhere a file may name one only where it is about that very operator, and is on the list here: everything else is
/// a question to the table, so that a new operator is one entry.
/// </summary>
[TestClass]
public sealed partial class OperatorNamesTests
{
    private static readonly string _source = Path.Combine(Checkout.Root, "src", "Serenity.Onnx");

    /// <summary>Files that name operators, and how many different ones. The numbers may only fall.</summary>
    private static readonly Dictionary<string, int> _named = new(StringComparer.Ordinal)
    {
        ["Executors/OnnxRuntime/Allocation/KernelRules.cs"] = 18,
        ["Executors/OnnxRuntime/Order/AnchorOperator.cs"] = 2,
        ["Executors/OnnxRuntime/Planning/ForeseenRun.cs"] = 20,
        ["Executors/OnnxRuntime/SessionAccount.cs"] = 11,
        ["Executors/OnnxRuntime/Shapes/BodyProbes.cs"] = 2,
        ["Executors/OnnxRuntime/Shapes/ShapeVeil.cs"] = 1,
        ["Layouts/BlockedForms.cs"] = 50,
        ["Layouts/BlockedWriter.cs"] = 2,
        ["Layouts/ConvFolding.cs"] = 9,
        ["Layouts/LayoutWork.cs"] = 4,
        ["Models/NativeHazards.cs"] = 6,
        ["Rehearsal/RehearsalModel.cs"] = 4,
        ["Rewrites/Partition/PieceNodes.cs"] = 1,
        ["Rewrites/Sums/AccumulationWriters.cs"] = 5,
        ["Shapes/DataDependentSizes.cs"] = 7,
        ["Shapes/RangeGuard.cs"] = 5,
        ["Shapes/GraphInference.cs"] = 1,
        ["Shapes/ResizeScales.cs"] = 1,
        ["Shapes/SizeAssumptions.cs"] = 2,
        ["Shapes/WidenedModel.cs"] = 2,
        ["Verification/Comparison/Decision.cs"] = 3,
        ["Verification/Comparison/ExactSums.cs"] = 18,
        ["Verification/Inputs/InputRanges.cs"] = 7,
        ["Verification/Inputs/SizedNode.cs"] = 15,
        ["Verification/Comparison/SumTerms.cs"] = 11,
    };

    /// <summary>A rewrite is about the operators of its pattern: each may name that many without being on the list.</summary>
    private const int MostInARewrite = 7;

    [TestMethod]
    public void Only_files_on_the_list_name_operators()
    {
        HashSet<string> operators = [.. OperatorTable.All.Select(entry => entry.Name)];
        List<string> wrong = [];
        foreach (string path in Directory.EnumerateFiles(_source, "*.cs", SearchOption.AllDirectories))
        {
            string file = Path.GetRelativePath(_source, path).Replace('\\', '/');
            // Sizes as formulas are a table of their own: a rule for each operator.
            if (file.StartsWith("Operators/", StringComparison.Ordinal) || file.StartsWith("Shapes/Symbolic/", StringComparison.Ordinal) || file.StartsWith("obj/", StringComparison.Ordinal)
                || file.StartsWith("bin/", StringComparison.Ordinal))
                continue;
            string code = Comment().Replace(File.ReadAllText(path), "");
            string[] names = [.. Text().Matches(code).Select(match => match.Groups["text"].Value).Where(operators.Contains).Distinct()];
            bool isRewrite = file.StartsWith("Rewrites/Rules/", StringComparison.Ordinal);
            int allowed = isRewrite ? MostInARewrite : _named.GetValueOrDefault(file);
            if (names.Length > allowed)
                wrong.Add($"{file} names {string.Join(", ", names)}: ask the operator table, or state there what is new.");
            else if (names.Length < allowed && !isRewrite)
                wrong.Add($"{file} names {names.Length} operators: set its number on the list to that.");
        }
        wrong.AddRange(_named.Keys.Where(file => !File.Exists(Path.Combine(_source, file))).Select(file => $"{file} is on the list and does not exist."));
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex("\"(?<text>[A-Z][A-Za-z0-9]+)\"")]
    private static partial Regex Text();
}
