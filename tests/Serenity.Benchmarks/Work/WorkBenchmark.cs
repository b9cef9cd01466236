using System.Globalization;
using Serenity.Benchmarks.Runs;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;

namespace Serenity.Benchmarks.Work;

/// <summary>
/// Whether predicted time is true: for every rewritten model, how much longer a run takes than without rewrites, predicted and measured; and for each form that this processor has in blocks of
/// channels, how much less than the portable one. Measured are kept in a folder; prices are fitted to them and printed as <see cref="TermPrices"/> holds them: all, or those whose names begin
/// as <c>--fit=</c> says. <c>--with=TERM=PRICE,…</c> tells what other prices would predict; <c>--kernels</c> and <c>--each=OPERATOR,…</c> show how far the predictions of kernels are off.
/// </summary>
internal static class WorkBenchmark
{
    private static readonly double[] _limits = [1.1, 1.25];

    private const string FitOption = "--fit", EachOption = "--each=", WithOption = "--with=";

    /// <summary>How much kernels count in a fit beside the prices that stand.</summary>
    private const double KernelWeight = 300;

    /// <summary>Terms that a kernel has once, whatever its shapes.</summary>
    private static readonly HashSet<TimeTerm> _calls =
    [
        TimeTerm.Node, TimeTerm.View, TimeTerm.Convolution, TimeTerm.Depthwise, TimeTerm.QuantizedConvolution, TimeTerm.MatrixProduct, TimeTerm.QuantizedMatrix, TimeTerm.Elementwise,
        TimeTerm.Pool, TimeTerm.Reduction, TimeTerm.Slice, TimeTerm.Concat, TimeTerm.BlockedConvolution, TimeTerm.BlockedPool, TimeTerm.BlockedUpsample, TimeTerm.Reorder, TimeTerm.Other,
    ];

    /// <summary>How much more a form counts that takes longer than predicted.</summary>
    private const double TooLittle = 8;

    /// <summary>Measures, where models are named, and prints.</summary>
    public static int Run(string[] args)
    {
        string folder = args.FirstOrDefault(a => a.StartsWith("--in=", StringComparison.Ordinal))?["--in=".Length..]
            ?? throw new ArgumentException("--in=FOLDER is missing: where measurements are kept.");
        Directory.CreateDirectory(folder);
        if (args.Any(a => !a.StartsWith("--", StringComparison.Ordinal)))
            Measure(args, folder);
        IReadOnlyList<WorkSample> samples = WorkSample.ReadAll(folder);
        double[] prices = [.. Enum.GetValues<TimeTerm>().Select(TermPrices.Of)];
        foreach (string price in args.FirstOrDefault(a => a.StartsWith(WithOption, StringComparison.Ordinal))?[WithOption.Length..].Split(',') ?? [])
            prices[(int)Enum.Parse<TimeTerm>(price.Split('=')[0])] = double.Parse(price.Split('=')[1], CultureInfo.InvariantCulture);
        if (args.FirstOrDefault(a => a.StartsWith(FitOption, StringComparison.Ordinal)) is { } asked)
        {
            string[] names = asked.Length > FitOption.Length ? asked[(FitOption.Length + 1)..].Split(',') : [""];
            bool IsFitted(TimeTerm term) => Array.Exists(names, n => term.ToString().StartsWith(n, StringComparison.Ordinal));
            prices = Fit(samples, IsFitted);
            foreach (TimeTerm term in Enum.GetValues<TimeTerm>().Where(IsFitted))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"        Set(TimeTerm.{term}, {Rounded(prices[(int)term])});"));
            Console.WriteLine();
        }
        if (args.Contains("--kernels"))
            PrintKernels(samples, prices);
        foreach (string type in args.FirstOrDefault(a => a.StartsWith(EachOption, StringComparison.Ordinal))?[EachOption.Length..].Split(',') ?? [])
            PrintEach(samples, prices, type);
        Print(samples, prices);
        return 0;
    }

    private static void Measure(string[] args, string folder)
    {
        foreach (string path in ModelArguments.Expand(args))
        {
            try
            {
                SuppliedModel model = SuppliedModel.Load(path);
                foreach (WorkSample sample in WorkMeasurement.Of(model, _limits))
                    sample.Save(folder);
                foreach (string data in model.ExternalFolder is { } beside ? Directory.GetFiles(beside, "*.data") : [])
                    File.Copy(data, Path.Combine(folder, Path.GetFileName(data)), overwrite: true);
            }
            catch (SerenityException e)
            {
                Console.Error.WriteLine($"{Path.GetFileNameWithoutExtension(path)}: {e.Code}");
            }
        }
    }

    /// <summary>
    /// Prices from kernels, and how much of what a call takes is the profile's own: it counts whole microseconds and takes some itself. Whole runs tell that, which are measured without it.
    /// </summary>
    private static double[] Fit(IReadOnlyList<WorkSample> samples, Func<TimeTerm, bool> isFitted)
    {
        PriceFit fit = new();
        TimeTerm[] fitted = [.. Enum.GetValues<TimeTerm>().Where(isFitted)];
        List<(NodeProto Node, TimeSum Terms, double Nanoseconds)> kernels = [.. samples.SelectMany(s => s.Nodes()).Where(k => Array.Exists(fitted, t => k.Terms.Amounts[(int)t] > 0))];
        foreach ((_, TimeSum terms, double nanoseconds) in kernels)
            fit.Add(terms.Amounts, TimeTerm.Node, nanoseconds, KernelWeight / kernels.Count);
        double[] prices = fit.Solve(isFitted), best = prices;
        List<(TimeSum Plain, TimeSum Form, double Ratio, double TooLittle)> pairs = [.. samples.Select(form => (Form: form, Beside: Beside(form, samples))).Where(p => p.Beside is not null)
            .Select(p => (p.Beside!.Terms(), p.Form.Terms(), p.Form.Nanoseconds / p.Beside.Nanoseconds, p.Form.Block == 0 ? TooLittle : 1))];
        double least = double.PositiveInfinity;
        for (double share = 0.2; share < 1.2; share += 0.01)
        {
            double[] scaled = [.. prices.Select((price, term) => _calls.Contains((TimeTerm)term) && isFitted((TimeTerm)term) ? price * share : price)];
            double error = pairs.Sum(pair =>
            {
                double difference = (Price(pair.Form, scaled) / Price(pair.Plain, scaled)) - pair.Ratio;
                // What is better said to be too much than too little. One model that an allocator slows down must not count for all others.
                return Math.Min(Math.Abs(difference), 0.15) * (difference < 0 ? pair.TooLittle : 1);
            });
            if (error < least)
                (least, best) = (error, scaled);
        }
        return best;
    }

    /// <summary>What a form is held against: one in blocks against the portable file of the same form, a rewritten one against the model as it is; null for that itself.</summary>
    private static WorkSample? Beside(WorkSample form, IReadOnlyList<WorkSample> samples)
    {
        string beside = form.Block > 0 ? form.Portable : WorkSample.Plain;
        return form.Form == beside ? null : samples.FirstOrDefault(s => s.Model == form.Model && s.Form == beside);
    }

    private static double Price(TimeSum terms, double[] prices) => Price(terms.Amounts, prices);

    private static double Price(ReadOnlySpan<double> amounts, double[] prices)
    {
        double sum = 0;
        for (int i = 0; i < prices.Length; i++)
            sum += amounts[i] * prices[i];
        return sum;
    }

    private static void Print(IReadOnlyList<WorkSample> samples, double[] prices)
    {
        Console.WriteLine("| model | form | beside | µs of that | predicted | times, measured | predicted | predicted / measured |");
        Console.WriteLine("|---|---|---|--:|--:|--:|--:|--:|");
        List<(bool Blocked, double Error)> errors = [];
        foreach (WorkSample form in samples)
        {
            if (Beside(form, samples) is not { } beside)
                continue;
            double predicted = Price(beside.Terms(), prices), measuredRatio = form.Nanoseconds / beside.Nanoseconds, predictedRatio = Price(form.Terms(), prices) / predicted;
            errors.Add((form.Block > 0, predictedRatio / measuredRatio));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {form.Model} | {form.Form} | {beside.Form} | {beside.Nanoseconds / 1e3:F0} | {predicted / 1e3:F0} | {measuredRatio:F3} | {predictedRatio:F3} | {predictedRatio / measuredRatio:F3} |"));
        }
        foreach (var kind in errors.GroupBy(e => e.Blocked))
        {
            string what = kind.Key ? "in blocks" : "rewritten";
            double mean = kind.Average(e => Math.Abs(Math.Log(e.Error)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| **{kind.Count()} {what}** |||||| mean error {mean:F3} | {kind.Min(e => e.Error):F3} to {kind.Max(e => e.Error):F3} |"));
        }
    }

    /// <summary>By operator: measured and predicted, and how far single kernels lie apart.</summary>
    private static void PrintKernels(IReadOnlyList<WorkSample> samples, double[] prices)
    {
        Console.WriteLine("| operator | kernels | ms | predicted | mean error |");
        Console.WriteLine("|---|--:|--:|--:|--:|");
        var kernels = samples.SelectMany(s => s.Nodes()).Select(k => (
            OpType: k.Node.OpType + (k.Node.Domain == OperatorDomain.Nchwc ? " in blocks" : ""), k.Nanoseconds, Predicted: Price(k.Terms, prices) - prices[(int)TimeTerm.Node]));
        foreach (var group in kernels.GroupBy(k => k.OpType).OrderByDescending(g => g.Sum(k => k.Nanoseconds)))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {group.Key} | {group.Count()} | {group.Sum(k => k.Nanoseconds) / 1e6:F2} | {group.Sum(k => k.Predicted) / 1e6:F2} | {group.Average(k => Math.Abs(Math.Log((k.Predicted + 1000) / (k.Nanoseconds + 1000)))):F2} |"));
        }
        Console.WriteLine();
    }

    /// <summary>Kernels of one operator, alike ones together: how many, measured in the median, predicted, and the amounts that make it up.</summary>
    private static void PrintEach(IReadOnlyList<WorkSample> samples, double[] prices, string type)
    {
        Console.WriteLine($"| {type} in | kernels | µs | predicted | amounts |");
        Console.WriteLine("|---|--:|--:|--:|---|");
        foreach (WorkSample sample in samples)
        {
            foreach (var alike in sample.Nodes().Where(k => k.Node.OpType == type).GroupBy(k => string.Join(", ", Enum.GetValues<TimeTerm>().Where(t => t != TimeTerm.Node && k.Terms.Amounts[(int)t] > 0)
                .Select(t => string.Create(CultureInfo.InvariantCulture, $"{t} {k.Terms.Amounts[(int)t]:0}")))))
            {
                double[] measured = [.. alike.Select(k => k.Nanoseconds).Order()];
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {sample.Model} {sample.Form} | {measured.Length} | {measured[measured.Length / 2] / 1e3:F1} | {Price(alike.First().Terms, prices) / 1e3:F1} | {alike.Key} |"));
            }
        }
        Console.WriteLine();
    }

    private static string Rounded(double price) =>
        price == 0 ? "0" : double.Parse(price.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
}
