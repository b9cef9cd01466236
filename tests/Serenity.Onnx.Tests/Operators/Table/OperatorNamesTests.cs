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

    /// <summary>
    /// Files that name operators, how many different ones, and why that is no question to the table. The numbers may only fall. A file that writes a node has to say of
    /// which operator: such names do not count.
    /// </summary>
    private static readonly Dictionary<string, (int Names, string Why)> _named = new(StringComparer.Ordinal)
    {
        // What one executor's kernels do, as it was seen; another executor's do something else.
        ["Executors/OnnxRuntime/Allocation/KernelRules.cs"] = (18, "kernels of ONNX Runtime that work in place"),
        ["Executors/OnnxRuntime/Planning/ForeseenRun.cs"] = (20, "kernels of ONNX Runtime that no run was seen to take scratch for"),
        ["Executors/OnnxRuntime/SessionAccount.cs"] = (12, "kernels of ONNX Runtime that lay out weights anew"),
        ["Models/NativeHazards.cs"] = (11, "kernels of ONNX Runtime that end the process, and what makes each do so"),
        ["Layouts/BlockedForms.cs"] = (50, "kernels for blocked channels that ONNX Runtime has, and what is finite on the zeros that fill a block"),
        ["Layouts/FoldableNodes.cs"] = (10, "activations that ONNX Runtime's convolution takes, and what each calls its parameters"),

        // What an operator computes, or is given so that its output has a size: there is nothing more general to say of it.
        ["Verification/Comparison/ExactSums.cs"] = (10, "computes them, without rounding"),
        ["Verification/Comparison/SumTerms.cs"] = (3, "a product's terms, a difference's, and a fused product written as the standard's"),
        ["Verification/Comparison/Decision.cs"] = (3, "which way each of them decides"),
        ["Verification/Inputs/InputRanges.cs"] = (7, "undoes them, from a range of results to one of inputs"),
        ["Verification/Inputs/SizedNode.cs"] = (15, "the values of their size inputs that give outputs of a wanted shape"),
        ["Shapes/DataDependentSizes.cs"] = (7, "the most that each of them can give, from its definition"),
        ["Shapes/SizeAssumptions.cs"] = (2, "two whose shapes ONNX Runtime infers otherwise than the definition has it"),
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
            code = Written().Replace(code, "");
            string[] names = [.. Text().Matches(code).Select(match => match.Groups["text"].Value).Where(operators.Contains).Distinct()];
            bool isRewrite = file.StartsWith("Rewrites/Rules/", StringComparison.Ordinal);
            int allowed = isRewrite ? MostInARewrite : _named.GetValueOrDefault(file).Names;
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

    /// <summary>The operator of a node that is written.</summary>
    [GeneratedRegex("OpType(, \\w+\\.Domain\\) = \\(| = )[^,;}]*|\\bNode\\(\"\\w+\"")]
    private static partial Regex Written();

    [GeneratedRegex("\"(?<text>[A-Z][A-Za-z0-9]+)\"")]
    private static partial Regex Text();
}
