using Serenity.Testing.Kernels;

namespace Serenity.Benchmarks.Runs;

/// <summary>Checks the table of kernel rules against the installed ONNX Runtime, operator by operator and opset by opset.</summary>
internal static class ProbeBenchmark
{
    public static int Run(string[] args)
    {
        bool all = args.Contains("--all");
        int seen = 0, wrong = 0;
        foreach (KernelRecipe recipe in KernelRecipes.All)
        {
            bool ran = false;
            foreach (int opset in recipe.Domain.Length == 0 ? KernelRecipes.Opsets : [1])
            {
                if (opset < recipe.FirstOpset || opset > recipe.LastOpset)
                    continue;
                for (int input = 0; input < recipe.Inputs.Count; input++)
                {
                    if (recipe.Inputs[input] is not { Constant: null, Dims.Length: > 0 })
                        continue;
                    for (int output = 0; output < recipe.Outputs; output++)
                    {
                        if (KernelProber.Probe(recipe, opset, input, output) is not { } found)
                            continue;
                        ran = true;
                        seen++;
                        Sharing expected = KernelProber.Expected(recipe, input, output);
                        wrong += found == expected ? 0 : 1;
                        if (all || found != expected)
                        {
                            string types = string.Join(' ', recipe.Inputs.Select(i => i is null ? "-" : $"{i.Type}[{string.Join(',', i.Dims)}]"));
                            Console.WriteLine($"{(found == expected ? "ok   " : "WRONG")} {recipe.Domain} {recipe.Operator} opset {opset} ({types}) input {input} output {output}: {found}, table {expected}");
                        }
                    }
                }
            }
            if (!ran)
                Console.WriteLine($"not run: {recipe.Domain} {recipe.Operator} {recipe.FirstOpset}-{recipe.LastOpset}");
        }
        Console.WriteLine($"{seen} observations, {wrong} differ from the table");
        return wrong == 0 ? 0 : 1;
    }
}
