using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// Sizes along dimensions that have a range, as numbers that stand for their formulas: two are equal exactly where the formulas are, and none is a size that a tensor has. So a rewrite that
/// compares sizes and hands them on holds at all of them; one that writes such a number into the model bakes a size, and is found out (<see cref="BakedSizeException"/>).
/// </summary>
internal sealed class OpenSizes
{
    /// <summary>More elements along one axis than any tensor has.</summary>
    private const long First = 1L << 40;

    private const int Most = 1 << 20;

    private readonly List<SizeExpression> _formulas = [];
    private readonly Dictionary<SizeExpression, long> _numbers = [];

    /// <summary>True for a number that stands for a formula.</summary>
    public static bool IsOpen(long size) => size is >= First and < First + Most;

    /// <summary>True if some number stands for a formula.</summary>
    public static bool AreOpen(ReadOnlySpan<long> sizes)
    {
        foreach (long size in sizes)
        {
            if (IsOpen(size))
                return true;
        }
        return false;
    }

    /// <summary>The size itself where it is the same at all sizes; else the number that stands for it.</summary>
    public long NumberOf(SizeExpression size)
    {
        if (size.Constant is { } constant)
            return constant;
        // Copies of a graph share the numbers.
        lock (_formulas)
        {
            if (!_numbers.TryGetValue(size, out long number))
            {
                _numbers.Add(size, number = First + _formulas.Count);
                _formulas.Add(size);
            }
            return number;
        }
    }

    /// <summary>The formula of a size.</summary>
    public SizeExpression FormulaOf(long size)
    {
        lock (_formulas)
            return IsOpen(size) ? _formulas[(int)(size - First)] : SizeExpression.Of(size);
    }
}

/// <summary>A rewrite would write a size into the model that has a range.</summary>
internal sealed class BakedSizeException(string where) : InvalidOperationException($"'{where}' would fix a size that has a range.");
