using Serenity.Onnx.Operators.Time;

namespace Serenity.Benchmarks.Work;

/// <summary>
/// Prices of terms by least squares of relative errors, none below zero, each drawn a little towards the price that stands: a term that no sample tells apart from another
/// stays where it is.
/// </summary>
internal sealed class PriceFit
{
    /// <summary>How strongly a price is drawn to the one that stands, in samples.</summary>
    private const double Pull = 0.3;

    private const int Sweeps = 5_000;

    private readonly int _terms = Enum.GetValues<TimeTerm>().Length;
    private readonly double[,] _gram;
    private readonly double[] _right;

    public PriceFit()
    {
        _gram = new double[_terms, _terms];
        _right = new double[_terms];
    }

    /// <summary>Adds an equation: the amounts cost this much.</summary>
    /// <param name="amounts">Amounts by term.</param>
    /// <param name="without">A term that the measured time leaves out; null for none.</param>
    /// <param name="nanoseconds">Measured.</param>
    /// <param name="weight">How much it counts beside others.</param>
    public void Add(ReadOnlySpan<double> amounts, TimeTerm? without, double nanoseconds, double weight)
    {
        // Short kernels are measured to whole microseconds.
        double scale = weight / Math.Pow(nanoseconds + 2_000, 2);
        for (int i = 0; i < _terms; i++)
        {
            if (amounts[i] == 0 || (TimeTerm)i == without)
                continue;
            _right[i] += scale * amounts[i] * nanoseconds;
            for (int j = 0; j < _terms; j++)
            {
                if ((TimeTerm)j != without)
                    _gram[i, j] += scale * amounts[i] * amounts[j];
            }
        }
    }

    /// <summary>The prices, by term.</summary>
    /// <param name="isFitted">Whether the price of a term is fitted; others stand.</param>
    public double[] Solve(Func<TimeTerm, bool> isFitted)
    {
        ArgumentNullException.ThrowIfNull(isFitted);
        double[] prices = new double[_terms];
        for (int i = 0; i < _terms; i++)
        {
            // A price of nothing is drawn to nothing as one of a nanosecond would be.
            double stands = TermPrices.Of((TimeTerm)i), pull = Pull / Math.Pow(stands == 0 ? 1 : stands, 2);
            prices[i] = stands;
            _gram[i, i] += pull;
            _right[i] += pull * stands;
        }
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            for (int i = 0; i < _terms; i++)
            {
                if (!isFitted((TimeTerm)i))
                    continue;
                double rest = _right[i];
                for (int j = 0; j < _terms; j++)
                    rest -= j == i ? 0 : _gram[i, j] * prices[j];
                prices[i] = Math.Max(0, rest / _gram[i, i]);
            }
        }
        return prices;
    }
}
