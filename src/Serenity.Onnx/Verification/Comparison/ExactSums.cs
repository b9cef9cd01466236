using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Values;

namespace Serenity.Onnx.Verification.Comparison;

/// <summary>
/// Single elements of what the source's sums come to without rounding: in double precision, from the values that a run of the source has seen.
/// Convolutions, matrix products, sums, means, products and the activations behind them are evaluated as far as rewrites replaced them;
/// everything else is taken as the run gave it.
/// </summary>
/// <param name="replaced">The nodes to evaluate, by the values that they make.</param>
/// <param name="given">Values that are taken as the run gave them, though nodes that make them are replaced: the rewritten sums read them too.</param>
/// <param name="seen">What the run gave, by name.</param>
/// <param name="constantOf">A constant's tensor, or null.</param>
internal sealed class ExactSums(
    IReadOnlyDictionary<string, NodeProto> replaced, IReadOnlySet<string> given, IReadOnlyDictionary<string, SeenTensor> seen, Func<string, SeenTensor?> constantOf)
{
    private readonly Dictionary<(string, long), double> _known = [];
    private readonly Dictionary<string, double> _terms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _sums = new(StringComparer.Ordinal);
    private long _products;

    /// <summary>Products that may be evaluated, about as many as a tenth of a second takes; what is left of a sum then is not told.</summary>
    public long Limit { get; init; } = 30_000_000;

    /// <summary>True if an element of a value is a sum that can be evaluated.</summary>
    public bool CanEvaluate(string value)
    {
        if (!_sums.TryGetValue(value, out bool can))
            _sums[value] = can = IsKnownSum(value);
        return can;
    }

    private bool IsKnownSum(string value) =>
        replaced.TryGetValue(value, out NodeProto? node) && node.Output[0] == value && Find(value) is not null && IsSum(node) && node.Input.All(i => i.Length == 0 || Find(i) is not null);

    /// <summary>An element without rounding; NaN where there is too much to evaluate.</summary>
    /// <param name="value">A value that <see cref="CanEvaluate"/>, or any other that was seen.</param>
    /// <param name="index">Index of the element in row-major order.</param>
    public double At(string value, long index)
    {
        if (!CanEvaluate(value))
            return Find(value)?[index] ?? double.NaN;
        if (_known.TryGetValue((value, index), out double known))
            return known;
        return _known[(value, index)] = _products > Limit ? double.NaN : Evaluate(replaced[value], index);
    }

    /// <summary>How many products are added up for one element of a value, at least one.</summary>
    public double Terms(string value)
    {
        if (!_terms.TryGetValue(value, out double terms))
            _terms[value] = terms = CanEvaluate(value) ? CountTerms(replaced[value]) : 1;
        return terms;
    }

    private double CountTerms(NodeProto node)
    {
        double Inner(string input) => given.Contains(input) ? 1 : Terms(input);
        double inner = node.Input.Where(i => i.Length > 0).Select(Inner).DefaultIfEmpty(1).Max();
        return node.Kind() switch
        {
            OperatorKind.Convolution => Product(Find(node.Input[1])!.Dims.AsSpan(1)) + inner,
            OperatorKind.Product => Columns(node) + inner,
            _ when IsAddition(node) => node.Input.Sum(Inner),
            _ => inner,
        };
    }

    /// <summary>The partial sums that the source's run went through on the way to a value: results of sums that are replaced with it.</summary>
    public IReadOnlyCollection<string> PartialSums(string value)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        Stack<string> open = new([value]);
        while (open.TryPop(out string? sum))
        {
            if (!replaced.TryGetValue(sum, out NodeProto? node) || !IsAddition(node) && !IsActivation(node))
                continue;
            foreach (string input in node.Input)
            {
                if (!given.Contains(input) && replaced.TryGetValue(input, out NodeProto? producer) && seen.ContainsKey(input) && (IsAddition(producer) ? found.Add(input) : IsActivation(producer)))
                    open.Push(input);
            }
        }
        return found;
    }

    /// <summary>An element of an operand.</summary>
    private double Of(string value, long index) => given.Contains(value) ? Find(value)![index] : At(value, index);

    /// <summary>Elements of an operand, by index.</summary>
    private Func<long, double> Operand(string value)
    {
        if (!given.Contains(value) && CanEvaluate(value))
            return index => At(value, index);
        SeenTensor tensor = Find(value)!;
        return index => tensor[index];
    }

    private SeenTensor? Find(string value) => seen.GetValueOrDefault(value) ?? constantOf(value);

    private static bool IsAddition(NodeProto node) =>
        OperatorTable.Of(node) is { Kind: OperatorKind.Broadcast, IsStandard: true } entry && entry.Has(OperatorTraits.Sums);

    private static bool IsActivation(NodeProto node) =>
        node.Is("Relu") || node.Is("LeakyRelu") || node.Is("Sigmoid") || node.Is("Tanh") || node.Is("HardSigmoid") || node.Is("Clip") || node.Is("Identity");

    private static bool IsSum(NodeProto node) =>
        node.IsPlainConvolution() || OperatorTable.Of(node) is { Kind: OperatorKind.Product } entry && !entry.Has(OperatorTraits.Quantized)
        || node.Is("Mul") || IsAddition(node) || IsActivation(node);

    private double Evaluate(NodeProto node, long index)
    {
        Operator entry = OperatorTable.Of(node);
        if (entry.Kind == OperatorKind.Convolution)
        {
            double sum = Convolve(node, index);
            return Activate(node.Text("activation", ""), [.. node.Find("activation_params")?.Floats ?? []], node.In(3).Length > 0 ? sum + Of(node.Input[3], index) : sum);
        }
        if (entry.Kind == OperatorKind.Product)
        {
            return entry.Roles.PositionOf(InputRole.Bias) < 0 ? Multiply(node, index)
                : Activate(node.Text("activation", ""), [node.Float("activation_alpha", 0.01f)], Gemm(node, index));
        }
        switch (node.OpType)
        {
            case "Clip":
                return Math.Clamp(Of(node.Input[0], index), Bound(node, 1, "min", double.NegativeInfinity), Bound(node, 2, "max", double.PositiveInfinity));
            case "Relu" or "Sigmoid" or "Tanh":
                return Activate(node.OpType, [], Of(node.Input[0], index));
            case "LeakyRelu":
                return Activate(node.OpType, [node.Float("alpha", 0.01f)], Of(node.Input[0], index));
            case "HardSigmoid":
                return Activate(node.OpType, [node.Float("alpha", 0.2f), node.Float("beta", 0.5f)], Of(node.Input[0], index));
            case "Identity":
                return Of(node.Input[0], index);
            default:
                long[] dims = Find(node.Output[0])!.Dims;
                double[] terms = [.. node.Input.Select(input => Of(input, Broadcast(index, dims, Find(input)!.Dims)))];
                _products += terms.Length;
                return node.OpType switch
                {
                    "Mul" => terms.Aggregate(1.0, (a, b) => a * b),
                    "Sub" => terms[0] - terms[1],
                    "Mean" => terms.Sum() / terms.Length,
                    _ => terms.Sum(),
                };
        }
    }

    private double Bound(NodeProto node, int input, string attribute, double otherwise) =>
        node.In(input) is { Length: > 0 } name ? Of(name, 0) : node.Find(attribute)?.F ?? otherwise;

    private static double Activate(string activation, float[] parameters, double x) => activation switch
    {
        "Relu" => x < 0 ? 0 : x,
        "LeakyRelu" => x < 0 ? x * (parameters.Length > 0 ? parameters[0] : 0.01f) : x,
        "Sigmoid" => 1 / (1 + Math.Exp(-x)),
        "Tanh" => Math.Tanh(x),
        "HardSigmoid" when parameters.Length == 2 => Math.Clamp(parameters[0] * x + parameters[1], 0, 1),
        "Clip" when parameters.Length == 2 => Math.Clamp(x, parameters[0], parameters[1]),
        "" => x,
        _ => double.NaN,
    };

    private double Convolve(NodeProto node, long index)
    {
        long[] x = Find(node.Input[0])!.Dims, w = Find(node.Input[1])!.Dims, y = Find(node.Output[0])!.Dims;
        int spatial = w.Length - 2;
        long[] at = Unravel(index, y);
        long[] strides = node.Ints("strides") ?? Ones(spatial), dilations = node.Ints("dilations") ?? Ones(spatial), pads = Pads(node, x, w, y, strides, dilations);
        long group = node.Int("group", 1), firstChannel = at[1] / (w[0] / group) * w[1];
        long kernel = Product(w.AsSpan(2)), plane = Product(x.AsSpan(2));
        double sum = node.In(2).Length > 0 ? Of(node.Input[2], at[1]) : 0;
        Func<long, double> data = Operand(node.Input[0]), weight = Operand(node.Input[1]);
        long[] k = new long[spatial];
        for (long position = 0; position < kernel; position++)
        {
            long rest = position, offset = 0;
            for (int axis = spatial - 1; axis >= 0; axis--)
            {
                k[axis] = rest % w[axis + 2];
                rest /= w[axis + 2];
            }
            bool inside = true;
            for (int axis = 0; axis < spatial && inside; axis++)
            {
                long i = at[axis + 2] * strides[axis] - pads[axis] + k[axis] * dilations[axis];
                inside = i >= 0 && i < x[axis + 2];
                offset = offset * x[axis + 2] + i;
            }
            if (!inside)
                continue;
            for (long c = 0; c < w[1]; c++)
                sum += weight((at[1] * w[1] + c) * kernel + position) * data((at[0] * x[1] + firstChannel + c) * plane + offset);
            _products += w[1];
        }
        return sum;
    }

    private static long[] Pads(NodeProto node, long[] x, long[] w, long[] y, long[] strides, long[] dilations)
    {
        int spatial = w.Length - 2;
        string auto = node.Text("auto_pad", "NOTSET");
        if (auto is not ("SAME_UPPER" or "SAME_LOWER"))
            return auto == "VALID" ? new long[spatial] : node.Ints("pads") ?? new long[spatial];
        long[] pads = new long[spatial];
        for (int i = 0; i < spatial; i++)
        {
            long total = Math.Max(0, (y[i + 2] - 1) * strides[i] + (w[i + 2] - 1) * dilations[i] + 1 - x[i + 2]);
            pads[i] = auto == "SAME_UPPER" ? total / 2 : total - total / 2;
        }
        return pads;
    }

    private double Columns(NodeProto node)
    {
        long[] a = Find(node.Input[0])!.Dims;
        return a.Length == 0 ? 1 : a[node.Int("transA", 0) != 0 && a.Length > 1 ? ^2 : ^1];
    }

    private double Gemm(NodeProto node, long index)
    {
        long[] a = Find(node.Input[0])!.Dims, b = Find(node.Input[1])!.Dims, y = Find(node.Output[0])!.Dims;
        bool transA = node.Int("transA", 0) != 0, transB = node.Int("transB", 0) != 0;
        long row = index / y[1], column = index % y[1], inner = transA ? a[0] : a[1];
        Func<long, double> left = Operand(node.Input[0]), right = Operand(node.Input[1]);
        double sum = 0;
        for (long k = 0; k < inner; k++)
            sum += left(transA ? k * a[1] + row : row * a[1] + k) * right(transB ? column * b[1] + k : k * b[1] + column);
        _products += inner;
        sum *= node.Float("alpha", 1);
        return node.In(2).Length > 0 ? sum + node.Float("beta", 1) * Of(node.Input[2], Broadcast(index, y, Find(node.Input[2])!.Dims)) : sum;
    }

    private double Multiply(NodeProto node, long index)
    {
        long[] a = Find(node.Input[0])!.Dims, b = Find(node.Input[1])!.Dims, y = Find(node.Output[0])!.Dims;
        if (a.Length < 2 || b.Length < 2 || node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0)
            return double.NaN;
        bool transA = node.Int("transA", 0) != 0, transB = node.Int("transB", 0) != 0;
        long columns = y[^1], rows = y[^2], column = index % columns, row = index / columns % rows, batch = index / columns / rows;
        long inner = transA ? a[^2] : a[^1];
        long startA = Broadcast(batch, y[..^2], a[..^2]) * a[^1] * a[^2], startB = Broadcast(batch, y[..^2], b[..^2]) * b[^1] * b[^2];
        Func<long, double> left = Operand(node.Input[0]), right = Operand(node.Input[1]);
        double sum = 0;
        for (long k = 0; k < inner; k++)
            sum += left(startA + (transA ? k * a[^1] + row : row * a[^1] + k)) * right(startB + (transB ? column * b[^1] + k : k * b[^1] + column));
        _products += inner;
        return sum * node.Float("alpha", 1);
    }

    /// <summary>Index into an operand of the element that is combined into an element of the result.</summary>
    private static long Broadcast(long index, long[] result, long[] operand)
    {
        long at = 0, step = 1;
        for (int axis = result.Length - 1, own = operand.Length - 1; own >= 0; axis--, own--)
        {
            long i = index % result[axis];
            index /= result[axis];
            if (operand[own] != 1)
                at += i * step;
            step *= operand[own];
        }
        return at;
    }

    private static long[] Unravel(long index, long[] dims)
    {
        long[] at = new long[dims.Length];
        for (int axis = dims.Length - 1; axis >= 0; axis--)
        {
            at[axis] = index % dims[axis];
            index /= dims[axis];
        }
        return at;
    }

    private static long[] Ones(int count)
    {
        long[] ones = new long[count];
        Array.Fill(ones, 1);
        return ones;
    }

    private static long Product(ReadOnlySpan<long> dims)
    {
        long product = 1;
        foreach (long dim in dims)
            product *= dim;
        return product;
    }
}
